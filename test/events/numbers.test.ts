import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { pino } from "pino";
import { connect, type Database } from "../../src/db/connect.ts";
import { createEventRecorder } from "../../src/events/recorder.ts";
import { createDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";

/** What tells whether a promise is fulfilled yet. */
function watch(promise: Promise<unknown>) {
  const state = { isDone: false };
  void promise.then(() => {
    state.isDone = true;
  });
  return state;
}

describe("the numbers of an account's events", () => {
  let database: TestDatabase;
  let opened: Database;
  // The embedded database has one transaction at a time.
  before(async function () {
    if (!postgresUrl) return this.skip();
    database = await createDatabase();
    opened = await connect(database.settings, pino({ level: "silent" }));
  });
  after(async () => {
    await opened?.close();
    await database?.drop();
  });

  it("are in the order of commits: a second waits for the first's end, and one of another account does not", async () => {
    const recorder = createEventRecorder(
      () => ["webhook"],
      () => {},
    );
    const [one, two, other] = await Promise.all([1, 2, 3].map(() => opened.db.transaction()));
    if (!one || !two || !other) throw new Error("no transactions");
    const account = { id: 7, email: "alice@example.com", verified: true };
    await recorder.record(one, "account.verified", account);
    const second = recorder.record(two, "account.signed_in", account);
    const state = watch(second);
    await recorder.record(other, "account.verified", { ...account, id: 8 });
    await other.commit();
    await setTimeout(300);
    expect(state.isDone).to.equal(false);
    await one.commit();
    await second;
    await two.commit();
    const types = await opened.db("events").where({ user_id: 7 }).orderBy("id").pluck("type");
    expect(types).to.deep.equal(["account.verified", "account.signed_in"]);
  });
});
