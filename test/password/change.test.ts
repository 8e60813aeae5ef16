import { expect } from "chai";
import { cookieOf, newAccount, newSignedIn, signIn, whoIs } from "../support/account.ts";
import { readMailbox } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newResetToken } from "../support/reset-link.ts";
import { waitFor } from "../support/wait-for.ts";

const NEW = "another horse battery";
const WRONG = "wrong horse battery";

describe("auth.changePassword", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  const change = (cookie: string, currentPassword: unknown, password: unknown) =>
    foyer.http.post("/account/password").set({ Cookie: cookie, Origin: foyer.url }).send({ currentPassword, password });
  const statusOf = async (email: string, password: string) =>
    (await foyer.http.post("/sign-in").send({ email, password })).status;

  it("changes it, ends the other sessions, gives this one another token, and tells the mailbox", async () => {
    const own = await newSignedIn(foyer);
    const { id, email } = own;
    const other = await signIn(foyer, email);
    const answer = await change(own.cookie, PASSWORD, NEW);
    expect([answer.status, answer.body]).to.deep.equal([200, { id, email, verified: true }]);
    expect(await whoIs(foyer, cookieOf(answer))).to.equal(email);
    for (const { cookie } of [own, other]) expect(await whoIs(foyer, cookie)).to.equal(undefined);
    expect([await statusOf(email, PASSWORD), await statusOf(email, NEW)]).to.deep.equal([401, 200]);
    await waitFor(async () =>
      (await readMailbox(foyer, email)).find(({ subject }) => subject === "Your password was changed"),
    );
  });

  it("gives a program its token in the answer", async () => {
    const { email } = await newAccount(foyer);
    const { body } = await foyer.http.post("/sign-in").send({ email, password: PASSWORD, as: "bearer" });
    const answer = await foyer.http
      .post("/account/password")
      .set("Authorization", `Bearer ${body.token}`)
      .send({ currentPassword: PASSWORD, password: NEW });
    expect(answer.body.token)
      .to.match(/^foyer_b_/)
      .and.not.equal(body.token);
    expect(answer.headers).not.to.have.property("set-cookie");
  });

  it("refuses a wrong current password as a failed sign-in, which counts, and changes nothing", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    for (let n = 0; n < 20; n += 1) expectProblem(await change(cookie, WRONG, NEW), 401, "invalid_credentials");
    for (let n = 0; n < 100; n += 1) expectProblem(await change(cookie, WRONG, NEW), 401, "invalid_credentials");
    expectProblem(await change(cookie, PASSWORD, NEW), 401, "invalid_credentials");
    expect(await whoIs(foyer, cookie)).to.equal(email);
  });

  it("refuses the same password, and what may be none, at its field", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    for (const password of [PASSWORD, "short", "password", email]) {
      const body = expectProblem(await change(cookie, PASSWORD, password), 400, "invalid_input");
      expect(body["errors"]).to.have.length(1).and.to.have.nested.property("[0].field", "password");
    }
    expectProblem(await change(cookie, "", NEW), 400, "invalid_input");
    expect(await whoIs(foyer, cookie)).to.equal(email);
  });

  it("refuses nobody, and a session that has ended", async () => {
    expectProblem(await change("", PASSWORD, NEW), 401, "not_signed_in");
    const { cookie } = await newSignedIn(foyer);
    await foyer.http.post("/sign-out").set({ Cookie: cookie, Origin: foyer.url }).send({});
    expectProblem(await change(cookie, PASSWORD, NEW), 401, "not_signed_in");
  });

  it("voids links that were sent before", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    const token = await newResetToken(foyer, email);
    expect((await change(cookie, PASSWORD, NEW)).status).to.equal(200);
    expectProblem(
      await foyer.http.post("/reset/confirm").send({ token, password: "a third horse" }),
      410,
      "token_used",
    );
  });

  it("lets one of two win who change it at the same moment", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    const second = await signIn(foyer, email);
    const answers = await Promise.all([
      change(cookie, PASSWORD, "first horse battery"),
      change(second.cookie, PASSWORD, "second horse battery"),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).to.deep.equal([200, 401]);
    const winner = answers.findIndex(({ status }) => status === 200);
    expect(await statusOf(email, `${["first", "second"][winner]} horse battery`)).to.equal(200);
  });

  it("is where password managers look for it", async () => {
    const answer = await foyer.http.get("/.well-known/change-password");
    expect([answer.status, answer.headers["location"]]).to.deep.equal([303, "/account/password"]);
    const probe = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200";
    expect((await foyer.http.get(probe)).status).to.equal(404);
  });
});
