import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import pg from "pg";
import { cookieOf, newSignedIn, signIn, whoIs } from "../support/account.ts";
import { createDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";
import { postSignedIn } from "../support/email-change.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { accountOf } from "../support/sign-up.ts";
import { waitFor } from "../support/wait-for.ts";

/** On the embedded database all take turns. */
const ROUNDS = postgresUrl ? 6 : 2;

describe("auth.deleteAccount and auth.keepAccount at the same moment", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  const post = (path: string, cookie: string) => postSignedIn(foyer, cookie, path);
  const statusesOf = async (...asked: ReturnType<typeof post>[]) =>
    (await Promise.all(asked)).map(({ status }) => status);
  const deletionEmails = async (address: string) =>
    (await foyer.rows("emails")).filter(({ email_key, purpose }) => email_key === address && purpose === "deletion");

  it("let one of two deletions win, of one session and of two", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { email, cookie } = await newSignedIn(foyer);
      const second = round % 2 ? await signIn(foyer, email) : { cookie };
      const statuses = await statusesOf(post("/account/delete", cookie), post("/account/delete", second.cookie));
      expect(statuses.toSorted()).to.deep.equal([202, 401]);
      expect(await deletionEmails(email)).to.have.length(1);
      for (const own of [cookie, second.cookie]) expect(await whoIs(foyer, own)).to.equal(undefined);
    }
  });

  it("delete the account, for whoever keeps it too late is not signed in any more", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    await post("/account/delete", cookie);
    for (let round = 0; round < ROUNDS; round += 1) {
      const own = await signIn(foyer, email);
      const [deleted, kept] = await statusesOf(post("/account/delete", own.cookie), post("/account/keep", own.cookie));
      expect(deleted).to.equal(202);
      expect(kept).to.be.oneOf([200, 401]);
      expect((await accountOf(foyer, email)).deletes_at).not.to.equal(null);
      expect(await whoIs(foyer, own.cookie)).to.equal(undefined);
    }
  });

  it("keep the account or delete it, where the purge comes just then", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id, email, cookie } = await newSignedIn(foyer);
      await foyer.sql("update users set deletes_at = now() + interval '30 ms' where id = ?", id);
      const purging = setTimeout(25).then(async () => {
        for (let n = 0; n < 5; n += 1) await foyer.purge();
      });
      await setTimeout(3 * round);
      const { status } = await post("/account/keep", cookie);
      await purging;
      // On a machine that is slow enough, all of them came too early.
      await foyer.purge();
      expect(status).to.be.oneOf([200, 401]);
      const [user] = (await foyer.users()).filter((one) => one.id === id);
      expect(user?.deletes_at, String(status)).to.equal(status === 200 ? null : undefined);
      expect(await whoIs(foyer, cookie)).to.equal(status === 200 ? email : undefined);
    }
  });
});

describe("auth.deleteAccount while somebody signs in, at two instances", () => {
  let database: TestDatabase;
  let foyer: TestFoyer;
  let other: Awaited<ReturnType<TestFoyer["another"]>>;

  before(function () {
    // The embedded database has one process, and one connection.
    if (!postgresUrl) return this.skip();
  });
  afterEach(async () => {
    await other?.stop();
    await foyer?.stop();
    await database?.drop();
  });

  async function start(settings: { deletionGraceDays?: number; bcryptCost?: number; noticeNewSignIn?: boolean }) {
    database = await createDatabase();
    foyer = await startFoyer({ database: database.settings, ...settings });
    other = await foyer.another({ mail: { kind: "none" } });
  }

  const signInAt = (at: Pick<TestFoyer, "http" | "url">, email: string, cookie = "") =>
    at.http.post("/sign-in").set({ Cookie: cookie, Origin: at.url }).send({ email, password: PASSWORD });

  for (const noticeNewSignIn of [false, true]) {
    it(`leaves nobody in and nothing behind, where it is at once${noticeNewSignIn ? " and sign-ins are told of" : ""}`, async () => {
      await start({ deletionGraceDays: 0, noticeNewSignIn });
      for (let round = 0; round < ROUNDS; round += 1) {
        const { id, email, cookie } = await newSignedIn(foyer);
        const signingIn = Array.from({ length: 8 }, (_, n) =>
          signInAt(n % 2 ? foyer : other, email, n % 4 === 0 ? cookie : "").then((answer) => answer),
        );
        await setTimeout(Math.random() * 20);
        const deleted = await postSignedIn(foyer, cookie, "/account/delete");
        // A sign-in in the same browser may have ended its session before.
        expect(deleted.status).to.be.oneOf([202, 401]);
        if (deleted.status === 401) await postSignedIn(foyer, (await signIn(foyer, email)).cookie, "/account/delete");
        const answers = await Promise.all(signingIn);
        for (const { status } of answers) expect(status).to.be.oneOf([200, 401]);
        for (const answer of answers) expect(await whoIs(other, cookieOf(answer))).to.equal(undefined);
        await foyer.purge();
        expect((await foyer.users()).filter((user) => user.id === id)).to.deep.equal([]);
        expect((await foyer.rows("sessions")).filter(({ user_id }) => user_id === id)).to.deep.equal([]);
      }
    });
  }

  it("ends the session of a sign-in whose password was read before", async () => {
    // A hash takes long enough for the deletion to come between.
    await start({ bcryptCost: 10 });
    const { email, cookie: first } = await newSignedIn(foyer);
    let cookie = first;
    let tell = () => {};
    foyer.watchStatements((sql) => {
      if (/sign_in_failures/.test(sql)) tell();
    });
    for (let round = 0; round < ROUNDS; round += 1) {
      const read = new Promise<void>((resolve) => {
        tell = resolve;
      });
      const signingIn = signInAt(foyer, email).then((answer) => answer);
      await read;
      await setTimeout(Math.random() * 40);
      expect((await postSignedIn(other, cookie, "/account/delete")).status).to.equal(202);
      const late = await signingIn;
      expect(late.status).to.be.oneOf([200, 401]);
      expect(await whoIs(other, cookieOf(late))).to.equal(undefined);
      cookie = (await signIn(foyer, email)).cookie;
    }
  });

  it("waits for a sign-in in the same browser in one order, so that neither has to begin again", async () => {
    await start({});
    const { id, email, cookie } = await newSignedIn(foyer);
    const begun: string[] = [];
    foyer.watchStatements((sql) => {
      const [found] = /insert into "public"\."sessions"|from "public"\."users".+ for no key update$/.exec(sql) ?? [];
      if (found) begun.push(found);
    });
    const app = new pg.Client({ connectionString: database.env["DATABASE_URL"] });
    await app.connect();
    await app.query(`begin; select from users where id = ${id} for update`);
    const waiting = (count: number) =>
      waitFor(async () => {
        // Not by the app's transaction, which would see no connection that was opened since it looked first.
        const { rows } = await foyer.sql(
          "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
        );
        return rows.length >= count ? true : undefined;
      });
    const deleting = postSignedIn(foyer, cookie, "/account/delete").then((answer) => answer);
    await waiting(1);
    const signingIn = signInAt(foyer, email, cookie).then((answer) => answer);
    await waiting(2);
    await app.query("commit");
    await app.end();
    // Whichever comes first: a sign-in ends the session that asks for the deletion.
    const [{ status: deleted }, signedIn] = [await deleting, await signingIn];
    expect([deleted, signedIn.status]).to.deep.equal([deleted === 202 ? 202 : 401, 200]);
    expect(await whoIs(other, cookie)).to.equal(undefined);
    expect(await whoIs(other, cookieOf(signedIn))).to.equal(deleted === 202 ? undefined : email);
    expect(begun).to.have.length(2);
  });
});
