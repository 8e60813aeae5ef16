import { expect } from "chai";
import { newSignedIn, signInStatus } from "../support/account.ts";
import { askForChange, changeAddress, confirmChange, undoChange } from "../support/email-change.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newResetToken } from "../support/reset-link.ts";
import { accountOf, signUp } from "../support/sign-up.ts";

const NEW = "another horse battery";

describe("an unverified account that gives way to one that moves to its address", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  const reset = (token: string) => foyer.http.post("/reset/confirm").send({ token, password: NEW });

  async function expectGone(resets: string, email: string) {
    expectProblem(await reset(resets), 410, "token_used");
    expect((await foyer.http.get(`/reset?token=${resets}`)).status).to.equal(410);
    expect([await signInStatus(foyer, email), await signInStatus(foyer, email, NEW)]).to.deep.equal([200, 401]);
    const verified = (await foyer.users()).filter(({ email_verified_at }) => email_verified_at);
    expect(verified.map((user) => user.email).join()).not.to.include("replaced");
  }

  it("takes its links to set a password along", async () => {
    const own = await newSignedIn(foyer);
    const { address: to } = await signUp(foyer);
    const resets = await newResetToken(foyer, to);
    const { confirms } = await askForChange(foyer, own, to);
    expect((await confirmChange(foyer, confirms)).status).to.equal(200);
    await expectGone(resets, to);
  });

  for (const when of ["", " deferrable initially deferred"]) {
    describe(`where an app's table refers to it without \`on delete cascade\`${when}`, () => {
      before(() => foyer.sql(`create table app_rows (user_id bigint references users (id)${when})`));
      after(() => foyer.sql("drop table app_rows"));

      it("keeps its row for the app, and its links set nobody's password", async () => {
        const own = await newSignedIn(foyer);
        const { address: to } = await signUp(foyer);
        const { id } = await accountOf(foyer, to);
        await foyer.sql("insert into app_rows values (?)", id);
        const resets = await newResetToken(foyer, to);
        const { confirms } = await askForChange(foyer, own, to);
        expect((await confirmChange(foyer, confirms)).body).to.include({ id: own.id, email: to });
        expect((await foyer.users()).find((user) => user.id === id)?.email).to.equal(`replaced ${id}`);
        await expectGone(resets, to);
      });

      it("does so too where the account is brought back to its address", async () => {
        const own = await newSignedIn(foyer);
        const { undoes } = await changeAddress(foyer, own, `new-${own.email}`);
        await foyer.register(own.email, "a stranger's horse");
        const { id } = await accountOf(foyer, own.email);
        await foyer.sql("insert into app_rows values (?)", id);
        const strangers = await newResetToken(foyer, own.email);
        expect((await undoChange(foyer, undoes)).body).to.include({ id: own.id, email: own.email });
        expectProblem(await reset(strangers), 410, "token_used");
        expect(await signInStatus(foyer, own.email, NEW)).to.equal(401);
      });
    });
  }
});
