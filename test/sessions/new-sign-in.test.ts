import { expect } from "chai";
import { cookieOf, newAccount, newSignedIn, signIn, whoIs } from "../support/account.ts";
import { postSignedIn } from "../support/email-change.ts";
import { allSent, emailAbout, readMailbox } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress, signUp } from "../support/sign-up.ts";

const SUBJECT = "New sign-in to your account";
const WRONG = "wrong horse battery";
const FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";

describe("auth.signIn, where new sign-ins are told of", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ noticeNewSignIn: true });
  });
  after(() => foyer.stop());

  const post = (email: string, headers: Record<string, string> = {}, others: object = {}) =>
    foyer.http
      .post("/sign-in")
      .set(headers)
      .send({ email, password: PASSWORD, ...others });

  /** How many such emails an address has been sent, once all are. */
  async function noticesTo(email: string) {
    await allSent(foyer);
    return (await readMailbox(foyer, email)).filter(({ subject }) => subject === SUBJECT).length;
  }

  it("mails where and when somebody signed in to whoever's mailbox it is", async () => {
    const { email } = await newAccount(foyer);
    expect((await post(email, { "User-Agent": FIREFOX })).status).to.equal(200);
    const { text } = await emailAbout(foyer, email, SUBJECT);
    expect(text)
      .to.include("from Firefox on Windows")
      .and.match(/\/reset$/m);
    expect(await noticesTo(email)).to.equal(1);
  });

  it("quotes nothing of a User-Agent that somebody made up", async () => {
    for (const userAgent of ["Win-a-Prize/9 (prizes.example)", `${FIREFOX} <b>prizes.example</b>`]) {
      const { email } = await newAccount(foyer);
      expect((await post(email, { "User-Agent": userAgent })).status).to.equal(200);
      const { number, text } = await emailAbout(foyer, email, SUBJECT);
      const { text: html } = await foyer.http.get(`/mailbox/${number}/html`);
      for (const shown of [text, html]) expect(shown).not.to.match(/prize/i);
      if (!userAgent.startsWith(FIREFOX)) expect(text).to.include("from an unknown device");
    }
  });

  it("mails nothing where somebody signed in to the account before, by page either", async () => {
    const { email, known } = await newSignedIn(foyer);
    expect(await noticesTo(email)).to.equal(1);
    expect((await post(email, { Cookie: known })).status).to.equal(200);
    const page = await foyer.http
      .post("/sign-in")
      .set({ Cookie: known, "Sec-Fetch-Site": "same-origin" })
      .type("form")
      .send({ email, password: PASSWORD });
    expect(page.status).to.equal(303);
    expect(await noticesTo(email)).to.equal(1);
  });

  it("mails where another account is all that somebody signed in to, or the cookie is made up", async () => {
    const { known } = await newSignedIn(foyer);
    const { email } = await newAccount(foyer);
    const answer = await post(email, { Cookie: known });
    expect(await noticesTo(email)).to.equal(1);
    await post(email, { Cookie: `foyer-known=${"a".repeat(22)}.${"b".repeat(43)}` });
    expect(await noticesTo(email)).to.equal(2);
    // From now on this browser is known to both.
    await post(email, { Cookie: cookieOf(answer, "foyer-known") });
    expect(await noticesTo(email)).to.equal(2);
  });

  it("mails of a program's token each time, for a program shows no sign of having been there", async () => {
    const { email } = await newAccount(foyer);
    for (const count of [1, 2]) {
      expect((await post(email, {}, { as: "bearer" })).body.token).to.match(/^foyer_b_/);
      expect(await noticesTo(email)).to.equal(count);
    }
  });

  it("mails nothing of who is signed in and gives the password again", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    const before = await noticesTo(email);
    const again = await postSignedIn(foyer, cookie, "/account/reauthenticate", { password: PASSWORD });
    expect(again.status).to.equal(200);
    expect(await noticesTo(email)).to.equal(before);
  });

  it("mails nothing of a wrong password, an unknown address, or one that is not verified", async () => {
    const { email } = await newAccount(foyer);
    expectProblem(await post(email, {}, { password: WRONG }), 401, "invalid_credentials");
    const unknown = newAddress();
    expectProblem(await post(unknown), 401, "invalid_credentials");
    const { address } = await signUp(foyer);
    expectProblem(await post(address), 403, "email_not_verified");
    for (const to of [email, unknown, address]) expect(await noticesTo(to)).to.equal(0);
  });

  it("mails nothing of who verifies by page, and knows the browser from then on", async () => {
    const { token, address } = await signUp(foyer);
    const answer = await foyer.verifyByForm(token);
    expect(await whoIs(foyer, cookieOf(answer))).to.equal(address);
    expect((await post(address, { Cookie: cookieOf(answer, "foyer-known") })).status).to.equal(200);
    expect(await noticesTo(address)).to.equal(0);
  });

  it("signs nobody in where the mailbox cannot be told", async () => {
    const { id, email } = await newAccount(foyer);
    await foyer.sql("alter table emails add constraint untold check (purpose <> 'new_sign_in') not valid");
    const answer = await post(email);
    expect(answer.status).to.equal(500);
    expect(answer.headers).not.to.have.property("set-cookie");
    expect((await foyer.rows("sessions")).map(({ user_id }) => user_id)).not.to.include(id);
    await foyer.sql("alter table emails drop constraint untold");
    expect((await post(email)).status).to.equal(200);
    expect(await noticesTo(email)).to.equal(1);
  });

  it("answers an account that is deleted at that moment as one that there is none of", async () => {
    const { id, email } = await newAccount(foyer);
    await foyer.sql(`create function delete_account() returns trigger language plpgsql as
      $$ begin delete from public.users where id = new.user_id; return new; end $$`);
    await foyer.sql(
      `create trigger deleted before insert on sessions for each row when (new.user_id = ${id}) execute function delete_account()`,
    );
    const answer = await post(email);
    expectProblem(answer, 401, "invalid_credentials");
    expect(answer.headers).not.to.have.property("set-cookie");
    await foyer.sql("drop function delete_account cascade");
  });
});

describe("auth.signIn, where nothing is set", () => {
  it("mails of no sign-in", async () => {
    const foyer = await startFoyer();
    const { email } = await newSignedIn(foyer);
    await signIn(foyer, email, { as: "bearer" });
    await allSent(foyer);
    expect((await foyer.rows("emails")).map(({ purpose }) => purpose)).to.deep.equal(["verify"]);
    expect((await readMailbox(foyer, email)).map(({ subject }) => subject)).to.deep.equal([
      "Verify your email address",
    ]);
    await foyer.stop();
  });
});
