import { setTimeout } from "node:timers/promises";
import bcrypt from "bcrypt";
import { expect } from "chai";
import { newAccount } from "../support/account.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { accountOf } from "../support/sign-up.ts";
import { waitFor } from "../support/wait-for.ts";

describe("the hash of an account", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ bcryptCost: 5 });
  });
  after(() => foyer.stop());

  const signIn = (email: string, password: string) => foyer.http.post("/sign-in").send({ email, password });
  const hashOf = async (email: string) => (await accountOf(foyer, email)).hashed_password;

  /** An account as another system or cost hashed its password. */
  async function imported(password: string, cost: number, prefix = "$2b$") {
    const { id, email } = await newAccount(foyer);
    const hash = bcrypt.hashSync(password, cost).replace("$2b$", prefix);
    await foyer.sql("update users set hashed_password = ? where id = ?", hash, id);
    return { id, email, hash };
  }

  const renewed = (email: string, before: string) =>
    waitFor(async () => {
      const hash = await hashOf(email);
      return hash === before ? undefined : hash;
    });

  for (const [what, password, cost, prefix] of [
    ["of a lower cost", PASSWORD, 4, "$2b$"],
    ["of a higher cost", PASSWORD, 6, "$2b$"],
    ["of another system", PASSWORD, 5, "$2y$"],
    ["that was cut at 72 bytes", "x".repeat(72), 5, "$2a$"],
    ["of a password that was not normalised", "cafe\u0301 horse battery", 5, "$2y$"],
  ] as const) {
    it(`${what} is renewed after a sign-in, and opens for the same password`, async () => {
      const typed = password.length === 72 ? `${password} and more` : password;
      const { email, hash } = await imported(password, cost, prefix);
      expect((await signIn(email, typed)).status).to.equal(200);
      expect(await renewed(email, hash)).to.match(/^\$2b\$05\$|^\$bcrypt-sha256\$v=2,t=2b,r=5\$/);
      expect((await signIn(email, typed.normalize("NFC"))).status).to.equal(200);
      expect((await signIn(email, `${typed}!`)).status).to.equal(401);
    });
  }

  it("stays as it is where it is up to date, and after a wrong password", async () => {
    const { email } = await newAccount(foyer);
    const before = await hashOf(email);
    const { email: other, hash } = await imported(PASSWORD, 4);
    expect((await signIn(email, PASSWORD)).status).to.equal(200);
    expect((await signIn(other, "wrong horse battery")).status).to.equal(401);
    await setTimeout(200);
    expect([await hashOf(email), await hashOf(other)]).to.deep.equal([before, hash]);
  });

  it("is counted when it is renewed", async () => {
    const { email, hash } = await imported(PASSWORD, 4);
    const read = async () =>
      Number(/^foyer_rehashes_total\{outcome="done"\} (\d+)$/m.exec((await foyer.http.get("/metrics")).text)?.[1]);
    const before = await read();
    await signIn(email, PASSWORD);
    await renewed(email, hash);
    await waitFor(async () => (await read()) > before || undefined);
    expect(await read()).to.equal(before + 1);
  });

  it("is not overwritten where the password was changed meanwhile", async () => {
    const slow = await startFoyer({ bcryptCost: 11 });
    const { id, email } = await newAccount(slow);
    await slow.sql("update users set hashed_password = ? where id = ?", bcrypt.hashSync(PASSWORD, 4), id);
    const changed = bcrypt.hashSync("another horse battery", 11);
    expect((await slow.http.post("/sign-in").send({ email, password: PASSWORD })).status).to.equal(200);
    await slow.sql("update users set hashed_password = ? where id = ?", changed, id);
    while (!/^foyer_rehashes_total\{outcome="done"\} 1$/m.test((await slow.http.get("/metrics")).text))
      await setTimeout(20);
    expect((await accountOf(slow, email)).hashed_password).to.equal(changed);
    await slow.stop();
  });
});
