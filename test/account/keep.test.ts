import { expect } from "chai";
import { createFoyerClient } from "../../src/client.ts";
import { cookieOf, newSignedIn, signIn, whoIs } from "../support/account.ts";
import { postSignedIn } from "../support/email-change.ts";
import { allSent, emailAbout, readMailbox } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { failure } from "../support/failure.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { accountOf } from "../support/sign-up.ts";

describe("auth.keepAccount, while the account may be kept", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  const post = (path: string, cookie: string, body: object = {}) => postSignedIn(foyer, cookie, path, body);

  /** An account that its owner has deleted. */
  async function newLeaving() {
    const { id, email, cookie } = await newSignedIn(foyer);
    const { deletesAt } = (await post("/account/delete", cookie)).body;
    return { id, email, deletesAt: String(deletesAt) };
  }

  it("signing in, asking who is, and giving the password again say when it is deleted", async () => {
    const { id, email, deletesAt } = await newLeaving();
    const expected = { id, email, verified: true, deletesAt };
    const answer = await foyer.http.post("/sign-in").send({ email, password: PASSWORD });
    expect([answer.status, answer.body]).to.deep.equal([200, expected]);
    const session = await foyer.http.get("/session").set("Cookie", cookieOf(answer));
    expect(session.body.account).to.deep.equal(expected);
    const again = await post("/account/reauthenticate", cookieOf(answer), { password: PASSWORD });
    expect(again.body).to.deep.equal(expected);
    const program = await foyer.client.auth.signIn.mutate({ email, password: PASSWORD, as: "bearer" });
    expect(program).to.include(expected);
    const { auth } = createFoyerClient(foyer.url, { token: program.token ?? "" });
    expect((await auth.session.query()).account).to.deep.equal(expected);
  });

  it("keeps it, tells the mailbox, and has nobody sign in again", async () => {
    const { id, email } = await newLeaving();
    const { cookie } = await signIn(foyer, email);
    const second = await signIn(foyer, email);
    const answer = await post("/account/keep", cookie);
    expect([answer.status, answer.body]).to.deep.equal([200, { id, email, verified: true }]);
    expect(answer.headers).not.to.have.property("set-cookie");
    for (const own of [cookie, second.cookie]) expect(await whoIs(foyer, own)).to.equal(email);
    expect((await accountOf(foyer, email)).deletes_at).to.equal(null);
    await emailAbout(foyer, email, "Your account will not be deleted");
    await foyer.travel("8 days");
    await foyer.purge();
    expect((await signIn(foyer, email)).id).to.equal(id);
  });

  it("is nothing to do, and no email, where the account is not to be deleted", async () => {
    const { id, email, cookie } = await newSignedIn(foyer);
    const queued = async () =>
      /^foyer_emails_total\{event="queued"\} (\d+)$/m.exec((await foyer.http.get("/metrics")).text)?.[1];
    await allSent(foyer);
    const before = [(await readMailbox(foyer, email)).length, await queued()];
    const answer = await post("/account/keep", cookie);
    expect([answer.status, answer.body]).to.deep.equal([200, { id, email, verified: true }]);
    await allSent(foyer);
    expect(before[1]).to.match(/^\d+$/);
    expect([(await readMailbox(foyer, email)).length, await queued()]).to.deep.equal(before);
  });

  it("is nobody's to ask for, nor of a session that has ended", async () => {
    const { email } = await newLeaving();
    expectProblem(await post("/account/keep", ""), 401, "not_signed_in");
    const { cookie } = await signIn(foyer, email);
    await post("/sign-out", cookie);
    expectProblem(await post("/account/keep", cookie), 401, "not_signed_in");
    const { data } = await failure(foyer.client.auth.keepAccount.mutate({}));
    expect(data?.refusal).to.deep.equal({ code: "not_signed_in" });
    expect((await accountOf(foyer, email)).deletes_at).not.to.equal(null);
  });

  it("is a program's to ask for with its token", async () => {
    const { id, email } = await newLeaving();
    const { token = "" } = await foyer.client.auth.signIn.mutate({ email, password: PASSWORD, as: "bearer" });
    const { auth } = createFoyerClient(foyer.url, { token });
    expect(await auth.keepAccount.mutate({})).to.deep.equal({ id, email, verified: true });
    expect((await auth.session.query()).account).to.deep.equal({ id, email, verified: true });
  });

  it("asking again later deletes it no later, and asking anew after it was kept does", async () => {
    const { email } = await newLeaving();
    await foyer.travel("3 days");
    const { cookie } = await signIn(foyer, email);
    const again = (await post("/account/delete", cookie)).body;
    const days = (Date.parse(again.deletesAt) - Date.now()) / 86_400_000;
    expect(days).to.be.within(3.99, 4);
    expect(await whoIs(foyer, cookie)).to.equal(undefined);
    const late = await signIn(foyer, email);
    await post("/account/keep", late.cookie);
    const anew = (await post("/account/delete", late.cookie)).body;
    expect((Date.parse(anew.deletesAt) - Date.now()) / 86_400_000).to.be.within(6.99, 7.01);
  });
});
