import { expect } from "chai";
import { newSignedIn, type SignedIn, signInStatus, whoIs } from "../support/account.ts";
import { askForChange, changeAddress, confirmChange, postSignedIn, undoChange } from "../support/email-change.ts";
import { emailAbout } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";

const STRANGERS = "a stranger's horse";

describe("auth.undoEmailChange by the mailbox of an account that a thief has", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  const emailOf = async ({ id }: SignedIn) => (await foyer.users()).find((user) => user.id === id)?.email;

  /** Has whoever is signed in have been so just now. */
  const stayRecent = () =>
    foyer.sql(
      "update sessions set authenticated_at = now(), last_seen_at = now(), expires_at = now() + interval '30 days'",
    );

  async function expectBack(own: SignedIn, undoes: string) {
    expect((await undoChange(foyer, undoes)).body).to.deep.equal({ id: own.id, email: own.email, verified: true });
    expect(await whoIs(foyer, own.cookie)).to.equal(undefined);
    expect(await signInStatus(foyer, own.email)).to.equal(401);
  }

  it("undoes all that was changed since, and leaves the thief no link that works", async () => {
    const own = await newSignedIn(foyer);
    const [first, second, third] = [newAddress(), newAddress(), newAddress()];
    const { undoes } = await changeAddress(foyer, own, first);
    const thiefs = await changeAddress(foyer, { ...own, email: first }, second);
    const pending = await askForChange(foyer, { ...own, email: second }, third);
    await expectBack(own, undoes);
    for (const token of [thiefs.undoes, pending.undoes, undoes])
      expectProblem(await undoChange(foyer, token), 410, "token_used");
    expectProblem(await confirmChange(foyer, pending.confirms), 410, "token_used");
    expect(await emailOf(own)).to.equal(own.email);
    for (const email of [first, second, third]) expect(await signInStatus(foyer, email)).to.equal(401);
  });

  it("works after the thief undid a later change", async () => {
    const own = await newSignedIn(foyer);
    const [first, second] = [newAddress(), newAddress()];
    const { undoes } = await changeAddress(foyer, own, first);
    const thiefs = await changeAddress(foyer, { ...own, email: first }, second);
    expect((await undoChange(foyer, thiefs.undoes)).body).to.include({ email: first });
    await expectBack(own, undoes);
  });

  it("works by the link of a request that another one replaced, which then was made", async () => {
    const own = await newSignedIn(foyer);
    const replaced = await askForChange(foyer, own, newAddress());
    await foyer.travel("6 days");
    await stayRecent();
    const to = newAddress();
    const made = await changeAddress(foyer, own, to);
    await foyer.travel("6 days");
    await expectBack(own, replaced.undoes);
    expectProblem(await undoChange(foyer, made.undoes), 410, "token_used");
  });

  it("stops all that is asked for by the link of the first request, and not what is asked for later", async () => {
    const own = await newSignedIn(foyer);
    const first = await askForChange(foyer, own, newAddress());
    const second = await askForChange(foyer, own, newAddress());
    expect((await undoChange(foyer, first.undoes)).status).to.equal(200);
    expectProblem(await confirmChange(foyer, second.confirms), 410, "token_used");
    expectProblem(await undoChange(foyer, second.undoes), 410, "token_used");
    const to = newAddress();
    const third = await askForChange(foyer, own, to);
    expectProblem(await undoChange(foyer, first.undoes), 410, "token_used");
    expect((await confirmChange(foyer, third.confirms)).body).to.include({ email: to });
    await expectBack(own, third.undoes);
  });

  it("has the account not be deleted that the thief wanted to be", async () => {
    const own = await newSignedIn(foyer);
    const { undoes } = await changeAddress(foyer, own, newAddress());
    expect((await postSignedIn(foyer, own.cookie, "/account/delete", { password: PASSWORD })).status).to.equal(202);
    await foyer.travel("6 days");
    await expectBack(own, undoes);
    await foyer.travel("2 days");
    await foyer.purge();
    const { text } = await emailAbout(foyer, own.email, "Set a new password");
    expect(text).to.include("/reset?token=");
    expect(await emailOf(own)).to.equal(own.email);
  });

  it("works where the thief set another password before, by a link, or after", async () => {
    const own = await newSignedIn(foyer);
    const to = newAddress();
    const before = await postSignedIn(foyer, own.cookie, "/account/password", {
      currentPassword: PASSWORD,
      password: STRANGERS,
    });
    const cookie = [before.headers["set-cookie"] ?? []]
      .flat()
      .map((one) => one.split(";")[0])
      .join("; ");
    const { undoes } = await changeAddress(foyer, { ...own, cookie }, to);
    await foyer.http.post("/reset").send({ email: to });
    const { text } = await emailAbout(foyer, to, "Set a new password");
    const [, token] = /\/reset\?token=([\w-]{43})$/m.exec(text) ?? [];
    expect((await foyer.http.post("/reset/confirm").send({ token, password: "a third horse" })).status).to.equal(200);
    await expectBack(own, undoes);
    for (const email of [own.email, to]) {
      for (const password of [PASSWORD, STRANGERS, "a third horse"])
        expect(await signInStatus(foyer, email, password)).to.equal(401);
    }
  });

  it("goes back beyond its owner's own later change, by the link of an earlier one", async () => {
    const own = await newSignedIn(foyer);
    const [moved, thiefs] = [newAddress(), newAddress()];
    const earlier = await changeAddress(foyer, own, moved);
    const later = await changeAddress(foyer, { ...own, email: moved }, thiefs);
    expect((await undoChange(foyer, later.undoes)).body).to.include({ id: own.id, email: moved });
    expect(await emailOf(own)).to.equal(moved);
    // The first mailbox has it for its 7 days, whatever became of what was changed after.
    await expectBack(own, earlier.undoes);
  });

  it("is no later mailbox's once its owner changed the address back, and still is the owner's", async () => {
    const own = await newSignedIn(foyer);
    const [second, third] = [newAddress(), newAddress()];
    const { undoes } = await changeAddress(foyer, own, second);
    const thiefs = await changeAddress(foyer, { ...own, email: second }, third);
    await foyer.travel("6 days");
    await stayRecent();
    const back = await changeAddress(foyer, { ...own, email: third }, own.email);
    expectProblem(await undoChange(foyer, thiefs.undoes), 410, "token_used");
    expectProblem(await undoChange(foyer, back.undoes), 410, "token_used");
    // Its own time is over by then, and that of the thief's last mailbox would not be.
    await foyer.travel("2 days");
    expectProblem(await undoChange(foyer, back.undoes), 410, "token_used");
    expect((await foyer.http.get(`/account/email/undo?token=${back.undoes}`)).status).to.equal(410);
    expect(await emailOf(own)).to.equal(own.email);
    await foyer.travel("-2 days");
    await expectBack(own, undoes);
  });

  it("is a later mailbox's where the one before had its time, and the account goes back there", async () => {
    const own = await newSignedIn(foyer);
    const moved = newAddress();
    await changeAddress(foyer, own, moved);
    await foyer.travel("7 days");
    await stayRecent();
    const { undoes } = await changeAddress(foyer, { ...own, email: moved }, own.email);
    expect((await undoChange(foyer, undoes)).body).to.include({ id: own.id, email: moved });
  });
});
