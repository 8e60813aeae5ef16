import { expect } from "chai";
import { newAccount, newSignedIn, signIn, whoIs } from "../support/account.ts";
import { askForChange, postSignedIn } from "../support/email-change.ts";
import { emailAbout } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";

describe("auth.requestEmailChange and auth.confirmEmailChange", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  const ask = (cookie: string, body: object) => postSignedIn(foyer, cookie, "/account/email", body);
  const confirm = (token: string) => foyer.http.post("/account/email/confirm").send({ token });
  const statusOf = async (email: string) =>
    (await foyer.http.post("/sign-in").send({ email, password: PASSWORD })).status;

  it("change the address once its own mailbox confirmed it, and tell the one before of both", async () => {
    const own = await newSignedIn(foyer);
    const to = newAddress();
    const asked = await ask(own.cookie, { email: to });
    expect([asked.status, asked.body]).to.deep.equal([202, { email: to }]);
    expect(await whoIs(foyer, own.cookie)).to.equal(own.email);
    const { confirms } = await askForChange(foyer, own, newAddress());
    const answer = await confirm(confirms);
    expect(answer.status).to.equal(200);
    expect(answer.body).to.include({ id: own.id, verified: true });
    expect(answer.headers).not.to.have.property("set-cookie");
    expect(await whoIs(foyer, own.cookie)).to.equal(answer.body.email);
    expect([await statusOf(own.email), await statusOf(answer.body.email)]).to.deep.equal([401, 200]);
    await emailAbout(foyer, own.email, "Your email address was changed");
  });

  it("need an authentication of the last ten minutes, or the password beside the address", async () => {
    const { cookie } = await newSignedIn(foyer);
    await foyer.sql("update sessions set authenticated_at = now() - interval '9 minutes'");
    expect((await ask(cookie, { email: newAddress() })).status).to.equal(202);
    await foyer.sql("update sessions set authenticated_at = now() - interval '10 minutes'");
    const refused = expectProblem(await ask(cookie, { email: newAddress() }), 401, "reauthentication_required");
    expect(refused).to.deep.include({ methods: ["password"] });
    expectProblem(await ask(cookie, { email: newAddress(), password: "wrong horse" }), 401, "invalid_credentials");
    const asked = await ask(cookie, { email: newAddress(), password: PASSWORD });
    expect(asked.status).to.equal(202);
    expect(asked.headers).not.to.have.property("set-cookie");
    const again = await postSignedIn(foyer, cookie, "/account/reauthenticate", { password: PASSWORD });
    expect(again.status).to.equal(200);
  });

  it("refuse nobody, and the address that the account has", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    expectProblem(await ask("", { email: newAddress() }), 401, "not_signed_in");
    for (const wrong of [email, "x", "", undefined, `${"x".repeat(300)}@example.com`])
      expectProblem(await ask(cookie, { email: wrong }), 400, "invalid_input");
    await newAccount(foyer);
    await signIn(foyer, email);
  });
});
