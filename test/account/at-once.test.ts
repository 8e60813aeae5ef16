import { expect } from "chai";
import { newSignedIn, whoIs } from "../support/account.ts";
import { postSignedIn } from "../support/email-change.ts";
import { allSent, emailAbout, readMailbox } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";

describe("auth.deleteAccount, where no time is left to keep an account", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ deletionGraceDays: 0 });
  });
  after(() => foyer.stop());

  const ask = (cookie: string, body: object = {}) => postSignedIn(foyer, cookie, "/account/delete", body);

  it("deletes it at once, and still tells the mailbox that it did", async () => {
    const { id, email, cookie } = await newSignedIn(foyer);
    const before = Date.now();
    const answer = await ask(cookie);
    expect(answer.status).to.equal(202);
    expect(Date.parse(answer.body.deletesAt)).to.be.within(before - 1000, Date.now() + 1000);
    expect(await foyer.users()).to.deep.equal([]);
    for (const table of ["sessions", "sign_ups", "sign_in_failures"]) expect(await foyer.rows(table)).to.deep.equal([]);
    expect(await whoIs(foyer, cookie)).to.equal(undefined);
    const refused = await foyer.http.post("/sign-in").send({ email, password: PASSWORD });
    expectProblem(refused, 401, "invalid_credentials");
    const { text } = await emailAbout(foyer, email, "Your account has been deleted");
    expect(text).to.include("has been deleted").and.not.include("Sign in");
    await allSent(foyer);
    const subjects = (await readMailbox(foyer, email)).map(({ subject }) => subject);
    expect(subjects).not.to.include("Your account will be deleted");
    expect((await foyer.register(email)).body.id).to.be.greaterThan(id);
  });

  it("forgets the email too, a week later", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    await ask(cookie);
    await emailAbout(foyer, email, "Your account has been deleted");
    await allSent(foyer);
    const rowsOf = async () => (await foyer.rows("emails")).filter(({ email_key }) => email_key === email);
    expect(await rowsOf()).to.have.length(1);
    await foyer.travel("7 days 1 minute");
    await foyer.purge();
    expect(await rowsOf()).to.deep.equal([]);
  });

  it("is said on its pages", async () => {
    const { cookie } = await newSignedIn(foyer);
    const { text } = await foyer.http.get("/account/delete").set("Cookie", cookie);
    expect(text).to.include("at once. It cannot be undone").and.not.include("Until then");
    const [, form] = /action="\/account\/delete"[\s\S]*?name="form" value="([^"]+)"/.exec(text) ?? [];
    const answer = await foyer.http
      .post("/account/delete")
      .set({ Cookie: cookie, "Sec-Fetch-Site": "same-origin" })
      .type("form")
      .send({ form, password: PASSWORD });
    expect([answer.status, answer.headers["location"]]).to.deep.equal([303, "/sign-in?deleted"]);
    expect((await foyer.http.get("/sign-in?deleted")).text).to.include("Your account has been deleted.");
  });
});
