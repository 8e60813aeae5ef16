import { expect } from "chai";
import { newAccount, newSignedIn, signIn } from "../support/account.ts";
import { askForChange, changeAddress, confirmChange, postSignedIn, undoChange } from "../support/email-change.ts";
import { allSent } from "../support/emails.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { type Received, type Receiver, startReceiver } from "../support/receiver.ts";
import { newResetToken } from "../support/reset-link.ts";
import { newAddress, signUp } from "../support/sign-up.ts";
import { waitFor } from "../support/wait-for.ts";

const typesOf = (events: readonly Received[]) => events.map(({ type }) => type.replace("account.", ""));
const NEW_PASSWORD = "another horse battery";

for (const privacy of ["open", "discreet"] as const) {
  describe(`the events of an account, in ${privacy} mode`, () => {
    let foyer: TestFoyer;
    let receiver: Receiver;
    before(async () => {
      receiver = await startReceiver();
      foyer = await startFoyer({ privacy, webhook: receiver.settings() });
    });
    after(async () => {
      expect(receiver.unsigned).to.deep.equal([]);
      await foyer.stop();
      await receiver.close();
    });

    /** How many events an account has before anybody signs in to it: it is created, and verified. */
    const BEFORE = 2;

    /** What comes for an account after so many events: exactly these. */
    async function expectNext(id: number, before: number, expected: { type: string; data: object }[]) {
      const all = await receiver.takenOf(id, before + expected.length);
      expect(all.slice(before).map(({ type, data }) => ({ type, data }))).to.deep.equal(expected);
      for (const { timestamp, body, headers } of all.slice(before)) {
        expect(Math.abs(Date.parse(timestamp) - Date.now())).to.be.below(60_000);
        expect(Object.keys(JSON.parse(body))).to.deep.equal(["type", "timestamp", "data"]);
        expect(headers["content-type"]).to.equal("application/json");
      }
    }

    it(`tells account.created ${privacy === "open" ? "at the sign-up" : "once it is verified"}, and account.verified`, async () => {
      const { address: email, token } = await signUp(foyer);
      if (privacy === "open") {
        const id = (await foyer.users()).at(-1)?.id ?? 0;
        await expectNext(id, 0, [{ type: "account.created", data: { id, email, verified: false } }]);
      } else expect(receiver.sent.filter(({ data }) => data.email === email)).to.deep.equal([]);
      const { id } = (await foyer.verify(token)).body;
      await expectNext(id, 0, [
        { type: "account.created", data: { id, email, verified: privacy === "discreet" } },
        { type: "account.verified", data: { id, email, verified: true } },
      ]);
      // Again, which changes nothing.
      expect((await foyer.verify(token)).status).to.equal(200);
      const rows = await foyer.rows("events");
      expect(rows.filter(({ user_id }) => user_id === id)).to.have.length(BEFORE);
    });

    it("tells account.deleted of an account that gives way to another sign-up's, and account.created of that", async () => {
      const { address: email, token } = await signUp(foyer);
      const stranger = (await foyer.users()).find((user) => user.email === email)?.id;
      const { id } = (await foyer.http.post("/verify").send({ token, newPassword: NEW_PASSWORD })).body;
      await expectNext(id, 0, [
        { type: "account.created", data: { id, email, verified: true } },
        { type: "account.verified", data: { id, email, verified: true } },
      ]);
      if (privacy === "discreet") return expect(stranger).to.equal(undefined);
      expect(stranger).not.to.equal(id);
      await expectNext(stranger ?? 0, 1, [{ type: "account.deleted", data: { id: stranger } }]);
    });

    it("tells account.signed_in of each sign-in, by cookie, by token and by a page that verifies", async () => {
      const { id, email } = await newAccount(foyer);
      const told = { type: "account.signed_in", data: { id, email, verified: true } };
      await signIn(foyer, email);
      await signIn(foyer, email, { as: "bearer" });
      await foyer.http.post("/sign-in").send({ email, password: "wrong horse battery" });
      await expectNext(id, BEFORE, [told, told]);

      const byPage = await signUp(foyer);
      expect((await foyer.verifyByForm(byPage.token)).status).to.equal(303);
      const user = (await foyer.users()).find((one) => one.email === byPage.address);
      const signedIn = await receiver.takenOf(user?.id ?? 0, 3);
      expect(typesOf(signedIn)).to.deep.equal(["created", "verified", "signed_in"]);
    });

    it("tells account.password_changed of a change and of a reset", async () => {
      const { id, email, cookie } = await newSignedIn(foyer);
      const told = { type: "account.password_changed", data: { id, email, verified: true } };
      const body = { currentPassword: PASSWORD, password: NEW_PASSWORD };
      expect((await postSignedIn(foyer, cookie, "/account/password", body)).status).to.equal(200);
      await expectNext(id, BEFORE + 1, [told]);
      const token = await newResetToken(foyer, email);
      expect((await foyer.http.post("/reset/confirm").send({ token, password: PASSWORD })).status).to.equal(200);
      await expectNext(id, BEFORE + 1, [told, told]);
    });

    it("tells account.email_changed of a change and of its undoing, which calls a deletion off", async () => {
      const account = await newSignedIn(foyer);
      const { id, email } = account;
      const to = newAddress();
      const { undoes } = await changeAddress(foyer, account, to);
      await expectNext(id, BEFORE + 1, [{ type: "account.email_changed", data: { id, email: to, verified: true } }]);
      expect((await postSignedIn(foyer, account.cookie, "/account/delete")).status).to.equal(202);
      expect((await undoChange(foyer, undoes)).status).to.equal(200);
      const all = await receiver.takenOf(id, BEFORE + 5);
      expect(typesOf(all.slice(BEFORE + 2))).to.deep.equal(["deletion_requested", "email_changed", "kept"]);
      expect(all.at(-2)?.data).to.deep.equal({ id, email, verified: true });
    });

    it("tells none of a change that was not confirmed, or came to nothing", async () => {
      const account = await newSignedIn(foyer);
      const { confirms, undoes } = await askForChange(foyer, account, newAddress());
      expect((await undoChange(foyer, undoes)).status).to.equal(200);
      expect((await confirmChange(foyer, confirms)).status).to.equal(410);
      const rows = (await foyer.rows("events")).filter(({ user_id }) => user_id === account.id);
      expect(rows).to.have.length(BEFORE + 1);
    });

    it("tells account.deletion_requested, account.kept, and in the end account.deleted with nothing but the id", async () => {
      const { id, email, cookie } = await newSignedIn(foyer);
      const { deletesAt } = (await postSignedIn(foyer, cookie, "/account/delete")).body;
      const account = { id, email, verified: true };
      await expectNext(id, BEFORE + 1, [{ type: "account.deletion_requested", data: { ...account, deletesAt } }]);
      const again = await signIn(foyer, email);
      expect((await postSignedIn(foyer, again.cookie, "/account/keep")).status).to.equal(200);
      expect((await postSignedIn(foyer, again.cookie, "/account/keep")).status).to.equal(200);
      await expectNext(id, BEFORE + 2, [
        { type: "account.signed_in", data: account },
        { type: "account.kept", data: account },
      ]);
      await postSignedIn(foyer, again.cookie, "/account/delete");
      await receiver.takenOf(id, BEFORE + 5);
      await allSent(foyer);
      await foyer.sql("update users set deletes_at = now() where id = ?", id);
      await foyer.purge();
      await expectNext(id, BEFORE + 5, [{ type: "account.deleted", data: { id } }]);
      for (const table of ["events", "users", "sessions"])
        expect(JSON.stringify(await foyer.rows(table)), table).not.to.include(email);
    });

    it("tells what waited without the address where the account was deleted since, in its order", async () => {
      const { id, email, cookie } = await newSignedIn(foyer);
      await receiver.takenOf(id, BEFORE + 1);
      receiver.behave(({ data }) => (data.id === id ? 400 : 204));
      const { deletesAt } = (await postSignedIn(foyer, cookie, "/account/delete")).body;
      await waitFor(async () => (await foyer.rows("events")).find(({ attempts }) => attempts === 1));
      await allSent(foyer);
      await foyer.sql("update users set deletes_at = now() where id = ?", id);
      await foyer.purge();
      const rows = (await foyer.rows("events")).filter(({ user_id }) => user_id === id);
      expect(rows.map(({ data }) => data)).to.deep.equal([{ id, email: null, verified: true, deletesAt }, { id }]);
      expect(JSON.stringify(await foyer.rows("events"))).not.to.include(email);
      receiver.behave(() => 204);
      await foyer.sql("update events set available_at = now() where finished_at is null");
      await expectNext(id, BEFORE + 1, [
        { type: "account.deletion_requested", data: { id, email: null, verified: true, deletesAt } },
        { type: "account.deleted", data: { id } },
      ]);
    });

    if (privacy === "open")
      it("tells account.deleted of an account that nobody verified in time", async () => {
        const email = newAddress();
        const { id } = (await foyer.register(email)).body;
        await receiver.takenOf(id, 1);
        await allSent(foyer);
        await foyer.travel("9 days");
        await foyer.purge();
        await expectNext(id, 1, [{ type: "account.deleted", data: { id } }]);
      });
  });
}
