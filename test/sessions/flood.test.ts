import { expect } from "chai";
import { newSignedIn } from "../support/account.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { waitFor } from "../support/wait-for.ts";

describe("a flood of sign-ups that fills the hashing queue", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ trustProxy: "loopback", bcryptCost: 10, hashMaxWaitSeconds: 8 });
  });
  after(() => foyer.stop());

  const post = (path: string, n: number, body: object, cookie = "") =>
    foyer.http
      .post(path)
      .set({ "X-Forwarded-For": `198.51.${n >> 8}.${n & 255}`, Cookie: cookie })
      .send(body);
  const signUp = (n: number) => post("/register", n, { email: `flood${n}@example.com`, password: PASSWORD });

  it("keeps nobody from signing in, with a known browser or another, while it keeps others from signing up", async () => {
    const { email, known } = await newSignedIn(foyer);
    let n = 0;
    const ask = (times: number) => Array.from({ length: times }, () => signUp(n++).then(({ status }) => status));
    const waiting = ask(300);
    await waitFor(async () => (await signUp(n++)).status === 503 || undefined);
    const credentials = { email, password: PASSWORD };
    // Places become free meanwhile, but not for all who ask before and after.
    const before = ask(20);
    const member = post("/sign-in", 500, credentials, known).then(({ status }) => status);
    const stranger = post("/sign-in", 501, credentials).then(({ status }) => status);
    const after = ask(20);
    expect(await Promise.all([member, stranger])).to.deep.equal([200, 200]);
    for (const some of [before, after]) expect(await Promise.all(some)).to.include(503);
    expect(new Set(await Promise.all([...waiting, ...before, ...after]))).to.deep.equal(new Set([201, 503]));
  });
});
