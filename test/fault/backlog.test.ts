import { expect } from "chai";
import { pino } from "pino";
import { connect, type Database } from "../../src/db/connect.ts";
import { createOutbox } from "../../src/mail/outbox.ts";
import { expire } from "../../src/service/expiry.ts";
import { createDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";

const DAYS = 7;
/** More than a few statements take, and on a server more than one may within its time. */
const MANY = postgresUrl ? 20_000 : 2500;
const STATEMENT_MS = 400;

/** Accounts past their time, each with all that a sign-up leaves behind. */
const FILL = [
  `insert into users (email, email_key, hashed_password, confirm_by)
   select 'u' || n || '@example.com', 'u' || n || '@example.com', 'x', now() - interval '1 day' from generate_series(1, ${MANY}) n`,
  `insert into sign_ups (email, email_key, user_id, hashed_password, created_at)
   select email, email_key, id, 'x', now() - interval '8 days' from users`,
  `insert into verification_tokens (token_hash, sign_up_id, code_hash, expires_at)
   select id::text, id, 'x', now() - interval '7 days' from sign_ups`,
  `insert into mails (key, email_key, sign_up_id, created_at, done_at, outcome)
   select id::text, email_key, id, now() - interval '8 days', now() - interval '8 days', 'sent' from sign_ups`,
  `insert into mails (key, email_key, created_at, done_at, outcome)
   select 'again ' || n, 'v' || n || '@example.com', now() - interval '8 days', now(), 'dropped' from generate_series(1, ${MANY}) n`,
  `insert into rate_limits (key, points, expire)
   select n::text, 1, extract(epoch from now() - interval '2 hours') * 1000 from generate_series(1, ${MANY}) n`,
];

describe("a backlog of very many rows", () => {
  let database: TestDatabase;
  let instances: Database[];

  beforeEach(async () => {
    database = await createDatabase();
    const first = await connect(database.settings, pino({ level: "silent" }));
    for (const statement of FILL) await first.db.raw(statement);
    instances = [first];
    if (!postgresUrl) return;
    const { pathname } = new URL(database.env["DATABASE_URL"] ?? "");
    await first.db.raw(`alter database ?? set statement_timeout = ${STATEMENT_MS}`, [pathname.slice(1)]);
    // The connections from before do not know of it.
    await first.close();
    instances = await Promise.all([1, 2].map(() => connect(database.settings, pino({ level: "silent" }))));
  });
  afterEach(async () => {
    await Promise.all(instances.map(({ close }) => close()));
    await database.drop();
  });

  const db = () => instances[0]?.db ?? expect.fail("no database");
  /** The test's own statement has the time that it needs. */
  const prepare = (statement: string) =>
    db().transaction(async (trx) => {
      await trx.raw("set local statement_timeout = 0");
      await trx.raw(statement);
    });
  const TABLES = ["users", "sign_ups", "verification_tokens", "mails", "rate_limits"];
  const left = () => Promise.all(TABLES.map(async (table) => Number((await db()(table).count())[0]?.["count"])));

  it("expires to the last, by several instances at once, in statements each of which is short", async () => {
    await Promise.all(instances.map((instance) => expire(instance.db, DAYS)));
    expect(await left()).to.deep.equal([0, 0, 0, 0, 0]);
  });

  it("is looked through to its end where the first of it have to stay", async () => {
    await prepare(`update mails set done_at = now() where id <= ${MANY - 10}`);
    await expire(db(), DAYS);
    const stay = MANY - 10;
    expect(await left()).to.deep.equal([stay, stay, stay, stay, 0]);
  });

  it("is left alone by one that is told to stop, between two statements", async () => {
    await expire(db(), DAYS, AbortSignal.abort());
    const [users] = await left();
    expect(users).to.be.within(1, MANY - 1);
  });

  it("of mails that were given up is listed and tried anew a page at a time", async () => {
    await prepare("update mails set outcome = 'given_up' where id <= 2500");
    const outbox = createOutbox(db());
    const pages: number[] = [];
    for await (const mails of outbox.givenUp()) {
      pages.push(mails.length);
      expect(await outbox.replay(mails.map(({ id }) => id))).to.equal(mails.length);
    }
    expect(pages).to.deep.equal([1000, 1000, 500]);
    expect((await outbox.waiting()).count).to.equal(2500);
    expect((await outbox.take(4)).map(({ id }) => id)).to.have.length(4);
  });
});
