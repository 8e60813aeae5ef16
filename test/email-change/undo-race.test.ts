import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { newSignedIn, type SignedIn, signInStatus, whoIs } from "../support/account.ts";
import { postgresUrl } from "../support/database.ts";
import { askForChange, changeAddress, confirmChange, postSignedIn, undoChange } from "../support/email-change.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newResetToken } from "../support/reset-link.ts";
import { newAddress } from "../support/sign-up.ts";

/** On the embedded database all take turns. */
const ROUNDS = postgresUrl ? 5 : 1;
const STRANGERS = "a stranger's horse";

describe("auth.undoEmailChange at the moment of something else", () => {
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

  const emailOf = async ({ id }: SignedIn) => (await foyer.users()).find((user) => user.id === id)?.email;

  /** Begins both within a few milliseconds, now one first and now the other. */
  async function race<A, B>(round: number, first: () => PromiseLike<A>, second: () => PromiseLike<B>) {
    const lead = ((round % 7) - 3) * 2;
    return Promise.all([setTimeout(Math.max(0, lead)).then(first), setTimeout(Math.max(0, -lead)).then(second)]);
  }

  /** After an undo of what was made nobody is in, and no password opens the account. */
  async function expectUndone(own: SignedIn, ...addresses: string[]) {
    expect(await emailOf(own)).to.equal(own.email);
    for (const instance of [foyer, other]) expect(await whoIs(instance, own.cookie)).to.equal(undefined);
    for (const email of [own.email, ...addresses]) {
      for (const password of [PASSWORD, STRANGERS]) expect(await signInStatus(foyer, email, password)).to.equal(401);
    }
  }

  it("leaves the old address or the undone state beside a confirmation, and never the new address", async () => {
    const seen = { confirmedFirst: 0, undoneFirst: 0 };
    for (let round = 0; round < 2 * ROUNDS; round += 1) {
      const own = await newSignedIn(foyer);
      const to = newAddress();
      const { confirms, undoes } = await askForChange(foyer, own, to);
      const [undone, confirmed] = await race(
        round,
        () => undoChange(foyer, undoes),
        () => confirmChange(other, confirms),
      );
      expect(undone.body).to.deep.equal({ id: own.id, email: own.email, verified: true });
      if (confirmed.status === 200) {
        seen.confirmedFirst += 1;
        await expectUndone(own, to);
      } else {
        seen.undoneFirst += 1;
        expectProblem(confirmed, 410, "token_used");
        expect(await whoIs(other, own.cookie)).to.equal(own.email);
      }
      expect(await emailOf(own)).to.equal(own.email);
      expectProblem(await confirmChange(foyer, confirms), 410, "token_used");
    }
    process.stdout.write(`        ${seen.confirmedFirst} confirmed first, ${seen.undoneFirst} undone first\n`);
  });

  it("leaves the undone state beside a confirmation of the thief's next change", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const own = await newSignedIn(foyer);
      const [second, third] = [newAddress(), newAddress()];
      const { undoes } = await changeAddress(foyer, own, second);
      const next = await askForChange(foyer, { ...own, email: second }, third);
      const [undone, confirmed] = await race(
        round,
        () => undoChange(foyer, undoes),
        () => confirmChange(other, next.confirms),
      );
      expect(undone.status).to.equal(200);
      expect(confirmed.status).to.be.oneOf([200, 410]);
      await expectUndone(own, second, third);
      expectProblem(await undoChange(foyer, next.undoes), 410, "token_used");
    }
  });

  it("leaves the undone state beside the thief's own undo of a later change", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const own = await newSignedIn(foyer);
      const [second, third] = [newAddress(), newAddress()];
      const { undoes } = await changeAddress(foyer, own, second);
      const thiefs = await changeAddress(foyer, { ...own, email: second }, third);
      const [undone] = await race(
        round,
        () => undoChange(foyer, undoes),
        () => undoChange(other, thiefs.undoes),
      );
      expect(undone.status).to.equal(200);
      await expectUndone(own, second, third);
    }
  });

  it("leaves no password of the thief's that was set at that moment, and no session", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const own = await newSignedIn(foyer);
      const to = newAddress();
      const { undoes } = await changeAddress(foyer, own, to);
      const token = await newResetToken(foyer, to);
      const body = { currentPassword: PASSWORD, password: STRANGERS };
      const [undone] = await race(
        round,
        () => undoChange(foyer, undoes),
        () =>
          round % 2
            ? other.http.post("/reset/confirm").send({ token, password: STRANGERS })
            : postSignedIn(other, own.cookie, "/account/password", body),
      );
      expect(undone.status).to.equal(200);
      await expectUndone(own, to);
    }
  });

  it("leaves nobody in who signs in, or asks for another address, at that moment", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const own = await newSignedIn(foyer);
      const [to, next] = [newAddress(), newAddress()];
      const { undoes } = await changeAddress(foyer, own, to);
      const signIn = () =>
        other.http
          .post("/sign-in")
          .send({ email: to, password: PASSWORD })
          .then(({ headers }) =>
            [headers["set-cookie"] ?? []]
              .flat()
              .map((one) => one.split(";")[0])
              .join("; "),
          );
      const ask = () => postSignedIn(other, own.cookie, "/account/email", { email: next }).then(() => own.cookie);
      const [undone, cookie] = await race(round, () => undoChange(foyer, undoes), round % 2 ? signIn : ask);
      expect(undone.status).to.equal(200);
      expect(await whoIs(other, cookie)).to.equal(undefined);
      await expectUndone(own, to);
      const changes = (await foyer.rows("email_changes")).filter(({ user_id }) => Number(user_id) === own.id);
      for (const { outcome } of changes) expect(outcome).to.equal("undone");
    }
  });
});
