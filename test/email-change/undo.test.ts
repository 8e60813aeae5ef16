import { expect } from "chai";
import { newSignedIn, signIn, signInStatus, whoIs } from "../support/account.ts";
import { postgresUrl } from "../support/database.ts";
import {
  askForChange,
  changeAddress,
  confirmChange,
  postSignedIn,
  tokenIn,
  undoChange,
} from "../support/email-change.ts";
import { allSent, emailAbout, emailsTo, readMailbox } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";
import { waitFor } from "../support/wait-for.ts";

const NEW = "another horse battery";
const STRANGERS = "a stranger's horse";

describe("auth.undoEmailChange", () => {
  let foyer: TestFoyer;
  let other: Awaited<ReturnType<TestFoyer["another"]>>;
  before(async () => {
    foyer = await startFoyer();
    // The embedded database has one process.
    other = postgresUrl ? await foyer.another({ mail: { kind: "none" } }) : foyer.self();
  });
  after(async () => {
    if (postgresUrl) await other.stop();
    await foyer.stop();
  });

  /** The link that the owner's mailbox gets once the address is back. */
  const resetTokenTo = (email: string) =>
    waitFor(async () => /\/reset\?token=([\w-]{43})$/m.exec((await readMailbox(foyer, email))[0]?.text ?? "")?.[1]);

  async function changed() {
    const own = await newSignedIn(foyer);
    const to = newAddress();
    return { own, to, ...(await changeAddress(foyer, own, to)) };
  }

  it("after the change tells the mailbox that loses the account, without a link", async () => {
    const { to, undoes } = await changed();
    expect((await undoChange(foyer, undoes)).status).to.equal(200);
    const { text } = await emailAbout(foyer, to, "Your account has its old email address again");
    expect(text).not.to.include("token=");
  });

  it("before the change has it come to nothing, and changes nothing else", async () => {
    const own = await newSignedIn(foyer);
    const { confirms, undoes } = await askForChange(foyer, own, newAddress());
    const before = await foyer.rows("users");
    const answer = await undoChange(other, undoes);
    expect([answer.status, answer.body]).to.deep.equal([200, { id: own.id, email: own.email, verified: true }]);
    expectProblem(await confirmChange(foyer, confirms), 410, "token_used");
    expectProblem(await undoChange(foyer, undoes), 410, "token_used");
    expect(await foyer.rows("users")).to.deep.equal(before);
    expect(await whoIs(foyer, own.cookie)).to.equal(own.email);
    expect(await signInStatus(foyer, own.email)).to.equal(200);
  });

  it("after the change brings the address back, ends all sessions, and has a password set by mail alone", async () => {
    const { own, to, undoes } = await changed();
    const thief = await signIn(foyer, to, { keep: true });
    const { body } = await foyer.http.post("/sign-in").send({ email: to, password: PASSWORD, as: "bearer" });
    const changedPassword = await postSignedIn(foyer, thief.cookie, "/account/password", {
      currentPassword: PASSWORD,
      password: STRANGERS,
    });
    expect(changedPassword.status).to.equal(200);
    const last = await signIn(foyer, to, { password: STRANGERS });
    const answer = await undoChange(foyer, undoes);
    expect([answer.status, answer.body]).to.deep.equal([200, { id: own.id, email: own.email, verified: true }]);
    expect(answer.headers).not.to.have.property("set-cookie");
    for (const instance of [foyer, other]) {
      for (const { cookie } of [own, thief, last]) expect(await whoIs(instance, cookie)).to.equal(undefined);
      const bearer = await instance.http.get("/session").set("Authorization", `Bearer ${body.token}`);
      expect(bearer.body.account).to.equal(null);
      for (const email of [own.email, to]) {
        for (const password of [PASSWORD, STRANGERS, "*", ""])
          expect(await signInStatus(instance, email, password), `${email} ${password}`).not.to.equal(200);
      }
    }
    const token = await resetTokenTo(own.email);
    expect((await foyer.http.post("/reset/confirm").send({ token, password: NEW })).status).to.equal(200);
    expect(await whoIs(other, (await signIn(foyer, own.email, { password: NEW })).cookie)).to.equal(own.email);
  });

  it("makes links void that the new mailbox was sent to set the password, and sends it none", async () => {
    const { own, to, undoes } = await changed();
    await foyer.http.post("/reset").send({ email: to });
    const thiefs = await resetTokenTo(to);
    expect((await undoChange(foyer, undoes)).status).to.equal(200);
    expectProblem(
      await foyer.http.post("/reset/confirm").send({ token: thiefs, password: STRANGERS }),
      410,
      "token_used",
    );
    await allSent(foyer);
    await foyer.sql("update emails set key = 'old ' || id");
    const before = (await readMailbox(foyer, to)).length;
    await foyer.http.post("/reset").send({ email: to });
    await allSent(foyer);
    expect(await readMailbox(foyer, to)).to.have.length(before);
    expect(await signInStatus(foyer, own.email, STRANGERS)).to.equal(401);
  });

  for (const [when, how] of [
    ["asked for", "Someone asked to change your email address"],
    ["made", "Your email address was changed"],
  ] as const) {
    it(`takes the link of when it was ${when} for 7 days after the change`, async () => {
      const own = await newSignedIn(foyer);
      const { confirms } = await askForChange(foyer, own, newAddress());
      await foyer.travel("23 hours");
      expect((await confirmChange(foyer, confirms)).status).to.equal(200);
      const undoes = await tokenIn(foyer, own.email, how);
      await foyer.travel("7 days");
      expectProblem(await undoChange(foyer, undoes), 410, "token_expired");
      const page = await foyer.http.get(`/account/email/undo?token=${undoes}`);
      expect(page.status).to.equal(410);
      expect(page.text).to.include("It works for 7 days after the change");
      await foyer.travel("-5 minutes");
      expect((await undoChange(foyer, undoes)).body).to.include({ email: own.email });
    });
  }

  it("answers a link that was used before, or another of the same change, with 410 token_used", async () => {
    const { own, undoes } = await changed();
    const second = await tokenIn(foyer, own.email, "Your email address was changed");
    expect(second).not.to.equal(undoes);
    expect((await undoChange(foyer, undoes)).status).to.equal(200);
    for (const token of [undoes, second]) {
      expectProblem(await undoChange(other, token), 410, "token_used");
      expect((await foyer.http.get(`/account/email/undo?token=${token}`)).status).to.equal(410);
    }
  });

  it("tells no mailbox that it lost the account whose owner had changed the address back before", async () => {
    const { own, to, undoes } = await changed();
    await changeAddress(foyer, { email: to, cookie: own.cookie }, own.email);
    expect((await undoChange(foyer, undoes)).status).to.equal(200);
    await allSent(foyer);
    const [latest, ...earlier] = (await readMailbox(foyer, own.email)).map(({ subject }) => subject);
    expect(latest).to.equal("Set a new password");
    expect(earlier).not.to.include("Your account has its old email address again");
  });

  it("answers one of twenty at once with 200, and nineteen with 410, and mails one link", async () => {
    const { own, undoes } = await changed();
    await allSent(foyer);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => undoChange(n % 2 ? other : foyer, undoes)));
    expect(answers.filter(({ status }) => status === 200)).to.have.length(1);
    for (const lost of answers.filter(({ status }) => status !== 200)) expectProblem(lost, 410, "token_used");
    await allSent(foyer);
    const links = (await readMailbox(foyer, own.email)).filter(({ subject }) => subject === "Set a new password");
    expect(links).to.have.length(1);
  });

  it("by page changes nothing when it is opened, and shows the address before alone", async () => {
    const own = await newSignedIn(foyer);
    const to = newAddress();
    const { confirms, undoes } = await askForChange(foyer, own, to);
    const path = `/account/email/undo?token=${undoes}`;
    const open = async (title: string) => {
      for (let n = 0; n < 3; n += 1) {
        const page = await foyer.http.get(path);
        expect(page.text).to.include(title).and.include(`>${own.email}<`).and.not.include(to);
        for (const { status, headers } of [page, await foyer.http.head(path)]) {
          expect(status).to.equal(200);
          expect(headers).to.include({ "referrer-policy": "strict-origin" }).and.not.have.property("set-cookie");
        }
      }
    };
    await open("Keep your email address");
    expect((await confirmChange(foyer, confirms)).status).to.equal(200);
    await open("Bring your email address back");
    expect(await whoIs(foyer, own.cookie)).to.equal(to);
    const done = await foyer.http.post("/account/email/undo").type("form").send({ token: undoes });
    expect([done.status, done.headers["location"]]).to.deep.equal([303, "/account/email/undone?back"]);
    expect(await whoIs(foyer, own.cookie)).to.equal(undefined);
  });

  it("has somebody give way who signed up at the address meanwhile, and verified nothing", async () => {
    const { own, undoes } = await changed();
    await allSent(foyer);
    const before = (await readMailbox(foyer, own.email)).length;
    await foyer.register(own.email, STRANGERS);
    const [{ token }] = await emailsTo(foyer, own.email, before + 1);
    expect((await undoChange(foyer, undoes)).body).to.deep.equal({ id: own.id, email: own.email, verified: true });
    expectProblem(await foyer.verify(token, STRANGERS), 410, "token_used");
    expectProblem(await foyer.http.post("/verify").send({ token, newPassword: STRANGERS }), 410, "token_used");
    expect(await signInStatus(foyer, own.email, STRANGERS)).to.equal(401);
  });

  it("is refused with 400 email_taken where another account verified the address meanwhile", async () => {
    const { own, to, undoes } = await changed();
    await allSent(foyer);
    const before = (await readMailbox(foyer, own.email)).length;
    await foyer.register(own.email, NEW);
    const [{ token }] = await emailsTo(foyer, own.email, before + 1);
    const { body } = await foyer.verify(token, NEW);
    expectProblem(await undoChange(foyer, undoes), 400, "email_taken");
    const page = await foyer.http.post("/account/email/undo").type("form").send({ token: undoes });
    expect([page.status, page.headers["referrer-policy"]]).to.deep.equal([400, "strict-origin"]);
    expect((await signIn(foyer, own.email, { password: NEW })).id).to.equal(body.id);
    expect((await signIn(foyer, to)).id).to.equal(own.id);
    expect(await whoIs(foyer, own.cookie)).to.equal(to);
  });
});
