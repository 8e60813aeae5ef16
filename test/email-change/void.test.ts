import { expect } from "chai";
import type { Response } from "supertest";
import { newSignedIn, type SignedIn, signIn, signInStatus, whoIs } from "../support/account.ts";
import { askForChange, changeAddress, confirmChange, postSignedIn, undoChange } from "../support/email-change.ts";
import { allSent } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newResetToken } from "../support/reset-link.ts";
import { newAddress, signUp } from "../support/sign-up.ts";

const NEW = "another horse battery";

describe("a link that changes the address", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  const reset = (token: string) => foyer.http.post("/reset/confirm").send({ token, password: NEW });

  const CAUSES: Record<string, (own: SignedIn) => Promise<unknown>> = {
    "another address was asked for": (own) => askForChange(foyer, own, newAddress()),
    "the password was changed": ({ cookie }) =>
      postSignedIn(foyer, cookie, "/account/password", { currentPassword: PASSWORD, password: NEW }),
    "the password was set by a link": async ({ email }) => reset(await newResetToken(foyer, email)),
    "its person signed out everywhere": ({ cookie }) => postSignedIn(foyer, cookie, "/sign-out", { scope: "all" }),
    "its person signed out everywhere else": ({ cookie }) =>
      postSignedIn(foyer, cookie, "/sign-out", { scope: "others" }),
    "the operator ended all sessions": () => foyer.sql("update users set session_epoch = session_epoch + 1"),
    "the account is to be deleted": ({ cookie }) => postSignedIn(foyer, cookie, "/account/delete"),
  };

  for (const [cause, bringAbout] of Object.entries(CAUSES)) {
    it(`is void once ${cause}`, async () => {
      const own = await newSignedIn(foyer);
      const to = newAddress();
      const { confirms } = await askForChange(foyer, own, to);
      await bringAbout(own);
      expectProblem(await confirmChange(foyer, confirms), 410, "token_used");
      expect((await foyer.http.get(`/account/email/confirm?token=${confirms}`)).status).to.equal(410);
      expect((await foyer.users()).find(({ id }) => id === own.id)?.email).to.equal(own.email);
    });
  }

  it("still counts where its person signed in again, or out of one browser", async () => {
    const own = await newSignedIn(foyer);
    const { confirms } = await askForChange(foyer, own, newAddress());
    await signIn(foyer, own.email);
    await postSignedIn(foyer, own.cookie, "/sign-out");
    expect((await confirmChange(foyer, confirms)).status).to.equal(200);
  });

  it("is none of a disabled account, which its page does not tell of either", async () => {
    const own = await newSignedIn(foyer);
    const to = newAddress();
    const { confirms, undoes } = await askForChange(foyer, own, to);
    await foyer.sql("update users set disabled_at = now() where id = ?", own.id);
    expectProblem(await confirmChange(foyer, confirms), 404, "token_unknown");
    expectProblem(await undoChange(foyer, undoes), 404, "token_unknown");
    const pages = [
      await foyer.http.get(`/account/email/confirm?token=${confirms}`),
      await foyer.http.get(`/account/email/undo?token=${undoes}`),
    ];
    for (const { status, text } of pages) {
      expect(status).to.equal(404);
      expect(text).not.to.include(own.email).and.not.include(to);
    }
  });

  it("makes links void that were to set the password, and those that wait lead nowhere", async () => {
    const own = await newSignedIn(foyer);
    const resets = await newResetToken(foyer, own.email);
    const to = newAddress();
    const { confirms } = await askForChange(foyer, own, to);
    await foyer.sql("update emails set key = 'old ' || id");
    await foyer.sql(
      `create function wait() returns trigger language plpgsql as
         'begin new.available_at := now() + interval ''1 hour''; return new; end'`,
    );
    await foyer.sql("create trigger wait before insert on emails for each row execute function wait()");
    await foyer.http.post("/reset").send({ email: own.email });
    await foyer.sql("drop trigger wait on emails");
    expect((await confirmChange(foyer, confirms)).status).to.equal(200);
    await foyer.sql("update emails set available_at = now() where finished_at is null");
    await allSent(foyer);
    const waited = (await foyer.rows("emails")).filter(
      ({ purpose, email_key, key }) => purpose === "reset" && email_key === own.email && !/^old/.test(String(key)),
    );
    expect(waited.map(({ outcome }) => outcome)).to.deep.equal(["dropped"]);
    expectProblem(await reset(resets), 410, "token_used");
    expect(await signInStatus(foyer, to)).to.equal(200);
  });

  it("is of its kind alone: no link opens what another kind is for", async () => {
    const own = await newSignedIn(foyer);
    const resets = await newResetToken(foyer, own.email);
    const { token: verifies } = await signUp(foyer);
    const { confirms, undoes } = await askForChange(foyer, own, newAddress());
    const uses: Record<string, (token: string) => Promise<Response>> = {
      verifies: (token) => foyer.verify(token),
      resets: (token) => reset(token),
      confirms: (token) => confirmChange(foyer, token),
      undoes: (token) => undoChange(foyer, token),
    };
    const tokens = { verifies, resets, confirms, undoes, made: "x".repeat(43) };
    for (const [kind, use] of Object.entries(uses)) {
      for (const [other, token] of Object.entries(tokens))
        if (other !== kind) expectProblem(await use(token), 404, "token_unknown");
    }
    for (const [path, token] of [
      ["confirm", undoes],
      ["undo", confirms],
    ])
      expect((await foyer.http.get(`/account/email/${path}?token=${token}`)).status).to.equal(404);
    for (const none of ["", null, {}, [confirms], 1]) {
      const sent = await foyer.http.post("/account/email/confirm").send({ token: none });
      expectProblem(sent, 404, "token_unknown");
    }
    expect(await whoIs(foyer, own.cookie)).to.equal(own.email);
    expect((await confirmChange(foyer, confirms)).status).to.equal(200);
  });

  it("changes nothing where a mailbox cannot be told, nor does asking or undoing, and is as good as before", async () => {
    const own = await newSignedIn(foyer);
    const to = newAddress();
    const { confirms } = await askForChange(foyer, own, to);
    const refuse = (purpose: string) =>
      foyer.sql(`alter table emails add constraint untold check (purpose <> '${purpose}') not valid`);
    const takeAgain = () => foyer.sql("alter table emails drop constraint untold");
    await refuse("email_change_notice");
    expect((await confirmChange(foyer, confirms)).status).to.equal(500);
    expect((await postSignedIn(foyer, own.cookie, "/account/email", { email: newAddress() })).status).to.equal(500);
    await takeAgain();
    expect(await whoIs(foyer, own.cookie)).to.equal(own.email);
    expect((await confirmChange(foyer, confirms)).status).to.equal(200);

    const { undoes } = await changeAddress(foyer, { ...own, email: to }, newAddress());
    await refuse("reset");
    const before = await whoIs(foyer, own.cookie);
    expect((await undoChange(foyer, undoes)).status).to.equal(500);
    await takeAgain();
    expect(await whoIs(foyer, own.cookie)).to.equal(before);
    expect(await signInStatus(foyer, before ?? "")).to.equal(200);
    expect((await undoChange(foyer, undoes)).body).to.include({ email: to });
  });
});
