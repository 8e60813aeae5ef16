import { expect } from "chai";
import pg from "pg";
import type { Response } from "supertest";
import { newSignedIn } from "../support/account.ts";
import { createDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";
import { askForChange, changeAddress, confirmChange, undoChange } from "../support/email-change.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";
import { waitFor } from "../support/wait-for.ts";

describe("an address that somebody signs up at while it becomes an account's", () => {
  let database: TestDatabase;
  let foyer: TestFoyer;
  before(async function () {
    // The embedded database has one connection.
    if (!postgresUrl) return this.skip();
    database = await createDatabase();
    foyer = await startFoyer({ database: database.settings });
  });
  after(async () => {
    await foyer?.stop();
    await database?.drop();
  });

  /** Somebody's sign-up is written while a link is used, and commits once that waits for it. */
  async function withSignUp(address: string, use: () => Promise<Response>) {
    const app = new pg.Client({ connectionString: database.env["DATABASE_URL"] });
    await app.connect();
    await app.query("begin");
    await app.query(
      "insert into users (email, email_key, hashed_password, unverified_expires_at) values ($1, $1, 'x', now() + interval '1 day')",
      [address],
    );
    const [answer] = await Promise.all([
      use(),
      waitFor(async () => {
        // Not by the app's transaction, which would see no connection that was opened since it looked first.
        const { rows } = await foyer.sql(
          "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
        );
        return rows.length > 0 ? true : undefined;
      }).then(() => app.query("commit")),
    ]);
    await app.end();
    return answer;
  }

  it("is the account's all the same", async () => {
    const own = await newSignedIn(foyer);
    const to = newAddress();
    const { confirms } = await askForChange(foyer, own, to);
    const answer = await withSignUp(to, () => confirmChange(foyer, confirms).then((one) => one));
    expect([answer.status, answer.body]).to.deep.equal([200, { id: own.id, email: to, verified: true }]);
  });

  it("is so too where a link brings it back", async () => {
    const own = await newSignedIn(foyer);
    const { undoes } = await changeAddress(foyer, own, newAddress());
    const answer = await withSignUp(own.email, () => undoChange(foyer, undoes).then((one) => one));
    expect([answer.status, answer.body]).to.deep.equal([200, { id: own.id, email: own.email, verified: true }]);
    expect((await foyer.users()).filter(({ email_key }) => email_key === own.email)).to.have.length(1);
  });
});
