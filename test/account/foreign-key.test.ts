import { expect } from "chai";
import { newAccount, newSignedIn, signIn, whoIs } from "../support/account.ts";
import { postSignedIn } from "../support/email-change.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { failure } from "../support/failure.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { waitFor } from "../support/wait-for.ts";

for (const when of ["", " on delete restrict", " deferrable initially deferred"]) {
  describe(`an account to which an app's table refers without \`on delete cascade\`${when}`, () => {
    let foyer: TestFoyer;
    before(async () => {
      foyer = await startFoyer();
      await foyer.sql(`create table app_rows (user_id bigint references users (id)${when})`);
    });
    after(() => foyer.stop());

    const askAt = (at: TestFoyer, cookie: string) => postSignedIn(at, cookie, "/account/delete");
    const idsLeft = async () => (await foyer.users()).map(({ id }) => id);

    it("lets nobody in after its time, keeps none of the others, and is deleted once the app's row is", async () => {
      const early = await newSignedIn(foyer);
      const own = await newSignedIn(foyer);
      const late = await newSignedIn(foyer);
      await foyer.sql("insert into app_rows values (?)", own.id);
      for (const { cookie } of [early, own, late]) expect((await askAt(foyer, cookie)).status).to.equal(202);
      await foyer.travel("6 days 23 hours");
      const { cookie } = await signIn(foyer, own.email);
      await foyer.travel("1 hour");
      const fault = await foyer.purge().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(String(fault)).to.match(/foreign key|restrict/);
      expect(await idsLeft()).to.deep.equal([own.id]);
      expect(await whoIs(foyer, cookie)).to.equal(undefined);
      const refused = await foyer.http.post("/sign-in").send({ email: own.email, password: PASSWORD });
      expectProblem(refused, 401, "invalid_credentials");
      const { data } = await failure(foyer.client.auth.signIn.mutate({ email: own.email, password: PASSWORD }));
      expect(data?.refusal).to.deep.equal({ code: "invalid_credentials" });
      expectProblem(await foyer.register(own.email), 400, "email_taken");
      await foyer.restart();
      await waitFor(async () => foyer.logged().includes("what expired could not be deleted") || undefined);
      await foyer.sql("delete from app_rows");
      await foyer.purge();
      expect(await idsLeft()).to.deep.equal([]);
    });

    it("is no fault of whoever deletes it, but for the log, where there is no time to keep it", async () => {
      const hasty = await startFoyer({ deletionGraceDays: 0 });
      await hasty.sql(`create table app_rows (user_id bigint references users (id)${when})`);
      const { id, email, cookie } = await newSignedIn(hasty);
      await hasty.sql("insert into app_rows values (?)", id);
      const answer = await askAt(hasty, cookie);
      expect(answer.status).to.equal(202);
      expect(await whoIs(hasty, cookie)).to.equal(undefined);
      const refused = await hasty.http.post("/sign-in").send({ email, password: PASSWORD });
      expectProblem(refused, 401, "invalid_credentials");
      expect(hasty.logged()).to.include("an account that is to be deleted is still there");
      expect(hasty.logged()).not.to.include(email);
      await hasty.sql("delete from app_rows");
      await hasty.purge();
      expect(await hasty.users()).to.deep.equal([]);
      await hasty.stop();
    });
  });
}

describe("an account that a trigger of an app's keeps", () => {
  it("keeps none of the others, whose time came later", async () => {
    const foyer = await startFoyer();
    const [kept, other] = [await newAccount(foyer), await newAccount(foyer)];
    await foyer.sql("create function keep() returns trigger language plpgsql as $$ begin raise 'kept'; end $$");
    await foyer.sql(
      `create trigger keep before delete on users for each row when (old.id = ${kept.id}) execute function keep()`,
    );
    await foyer.sql("update users set deletes_at = now() - interval '1 minute' where id = ?", kept.id);
    await foyer.sql("update users set deletes_at = now() where id = ?", other.id);
    const fault = await foyer.purge().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(String(fault)).to.include("kept");
    expect((await foyer.users()).map(({ id }) => id)).to.deep.equal([kept.id]);
    await foyer.stop();
  });
});
