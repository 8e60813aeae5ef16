import { expect } from "chai";
import { newAccount, newSignedIn, signIn, whoIs } from "../support/account.ts";
import { askForChange, confirmChange, postSignedIn } from "../support/email-change.ts";
import { allSent, emailAbout, readMailbox } from "../support/emails.ts";
import { english } from "../support/english.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { accountOf, newAddress } from "../support/sign-up.ts";

const ASKED = "Your account will be deleted";
const KEPT = "Your account will not be deleted";
const DELETED = "Your account has been deleted";

describe("the emails about a deletion", () => {
  let foyer: TestFoyer;
  beforeEach(async () => {
    foyer = await startFoyer();
  });
  afterEach(() => foyer.stop());

  const post = (cookie: string, path: string) => postSignedIn(foyer, cookie, path);
  /** Emails that are written from now on wait, as for a mail server that is away. */
  const hold = async () => {
    await allSent(foyer);
    await foyer.sql("alter table emails alter available_at set default now() + interval '30 days'");
  };
  const release = () => foyer.sql("update emails set available_at = now() where finished_at is null");
  async function subjectsAfterRelease(email: string) {
    await release();
    await allSent(foyer);
    return (await readMailbox(foyer, email)).map(({ subject }) => subject).filter((subject) => /account/.test(subject));
  }

  it("say that it is deleted where they could not be sent before, though a week has passed", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    await hold();
    expect((await post(cookie, "/account/delete")).status).to.equal(202);
    await foyer.travel("7 days");
    await foyer.purge();
    expect(await foyer.users()).to.deep.equal([]);
    await foyer.purge();
    await release();
    const { text } = await emailAbout(foyer, email, DELETED);
    expect(text).to.include("has been deleted");
    expect(await subjectsAfterRelease(email)).to.deep.equal([DELETED]);
  });

  it("say so from the very time on, when nobody can keep it any more", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    await hold();
    await post(cookie, "/account/delete");
    await foyer.travel("7 days");
    expect(await foyer.users()).to.have.length(1);
    expect(await subjectsAfterRelease(email)).to.deep.equal([DELETED]);
  });

  it("take none along that another account is told at the address, which was its own before", async () => {
    const left = await newSignedIn(foyer);
    const { id } = await newAccount(foyer);
    const { confirms } = await askForChange(foyer, left, newAddress());
    await hold();
    expect((await confirmChange(foyer, confirms)).status).to.equal(200);
    await foyer.sql("update users set email = ?, email_key = ? where id = ?", left.email, left.email, id);
    await foyer.sql("update users set deletes_at = now() where id = ?", id);
    await foyer.purge();
    expect((await foyer.users()).map((user) => user.id)).to.deep.equal([left.id]);
    await release();
    await emailAbout(foyer, left.email, "Your email address was changed");
  });

  it("say only what is so when they are sent", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    await hold();
    await post(cookie, "/account/delete");
    const second = await signIn(foyer, email);
    await post(second.cookie, "/account/keep");
    expect(await subjectsAfterRelease(email)).to.deep.equal([KEPT]);
  });

  it("name the time at which it is deleted now, whatever was said as it was asked for", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    await hold();
    await post(cookie, "/account/delete");
    await foyer.sql("update users set deletes_at = deletes_at - interval '3 days' where email_key = ?", email);
    const { deletes_at } = await accountOf(foyer, email);
    await release();
    const { text } = await emailAbout(foyer, email, ASKED);
    expect(text.replaceAll("\n", " ")).to.include(english.time(deletes_at ?? new Date(0)));
  });

  it("tell once of one deletion that is done, however often it was asked for", async () => {
    const { id, email, cookie } = await newSignedIn(foyer);
    await hold();
    await post(cookie, "/account/delete");
    const second = await signIn(foyer, email);
    await post(second.cookie, "/account/delete");
    await foyer.sql("update users set deletes_at = now() where id = ?", id);
    await foyer.purge();
    expect(await subjectsAfterRelease(email)).to.deep.equal([DELETED]);
  });

  it("are written with what they tell of, or neither is", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    await foyer.sql("alter table emails add constraint untold check (purpose <> 'deletion') not valid");
    const failed = await post(cookie, "/account/delete");
    expect(failed.status).to.equal(500);
    expect(failed.headers).not.to.have.property("set-cookie");
    expect(await whoIs(foyer, cookie)).to.equal(email);
    expect((await accountOf(foyer, email)).deletes_at).to.equal(null);
    await foyer.sql("alter table emails drop constraint untold");
    expect((await post(cookie, "/account/delete")).status).to.equal(202);
    const { cookie: again } = await signIn(foyer, email);
    await foyer.sql("alter table emails add constraint untold check (purpose <> 'deletion') not valid");
    expect((await post(again, "/account/keep")).status).to.equal(500);
    expect((await accountOf(foyer, email)).deletes_at).not.to.equal(null);
    await foyer.sql("alter table emails drop constraint untold");
    expect((await post(again, "/account/keep")).status).to.equal(200);
  });
});
