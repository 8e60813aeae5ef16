import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { pino } from "pino";
import supertest from "supertest";
import { connect } from "../../src/db/connect.ts";
import { createDatabase, createEmptyDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";
import { allSent, emailsTo } from "../support/emails.ts";
import { PASSWORD, startFoyer } from "../support/foyer.ts";
import { PGBOUNCER, startPgBouncer } from "../support/pgbouncer.ts";
import { spawnFoyer } from "../support/process.ts";
import { onDatabase } from "../support/sql.ts";

/** All that changes how a session reads, writes, waits or plans, each in the way that would hurt most. */
const HOSTILE = {
  datestyle: "'German'",
  intervalstyle: "'sql_standard'",
  timezone: "'Asia/Kathmandu'",
  bytea_output: "'escape'",
  extra_float_digits: "-15",
  client_encoding: "'LATIN1'",
  standard_conforming_strings: "off",
  escape_string_warning: "off",
  backslash_quote: "off",
  transform_null_equals: "on",
  array_nulls: "off",
  quote_all_identifiers: "on",
  xmlbinary: "'hex'",
  default_transaction_isolation: "'serializable'",
  default_transaction_deferrable: "on",
  statement_timeout: "'100ms'",
  lock_timeout: "'1ms'",
  idle_in_transaction_session_timeout: "'1ms'",
  exit_on_error: "on",
  row_security: "off",
  check_function_bodies: "off",
  synchronous_commit: "off",
  enable_indexscan: "off",
  enable_bitmapscan: "off",
  work_mem: "'64kB'",
  lc_numeric: "'C'",
  application_name: "'other'",
};

/** What a schema that comes first may make of the functions that Foyer names. */
const EVIL = [
  "now() returns timestamptz language sql as $$ select '2000-01-01'::timestamptz $$",
  "format(text, text) returns text language sql as $$ select 'evil' $$",
  "current_setting(text) returns text language sql as $$ select 'on' $$",
  "pg_is_in_recovery() returns boolean language sql as $$ select true $$",
  "pg_get_serial_sequence(text, text) returns text language sql as $$ select 'evil' $$",
  "has_schema_privilege(oid, text) returns boolean language sql as $$ select false $$",
  "has_table_privilege(oid, text) returns boolean language sql as $$ select false $$",
  "pg_try_advisory_xact_lock(integer) returns boolean language plpgsql as $$ begin raise 'evil'; end $$",
  "count(integer) returns bigint language sql as $$ select 7::bigint $$",
].map((definition) => `create function evil.${definition}`);

function account(n: number) {
  return { email: `用户${n}@example.com`, password: PASSWORD };
}

describe("whatever is set for the sessions of a database", () => {
  let database: TestDatabase;

  before(function () {
    if (!postgresUrl) return this.skip();
  });
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(() => database.drop());

  const alter = (settings: Record<string, string>) =>
    onDatabase(
      database,
      ...Object.entries(settings).map(
        ([name, value]) =>
          `do $$ begin execute format('alter database %I set ${name} = ${value.replaceAll("'", "''")}', current_database()); end $$`,
      ),
    );

  async function wholeLife(url: string) {
    const foyer = await startFoyer({ database: { url, poolMax: 4 }, rateLimits: undefined });
    await foyer.sql("select pg_sleep(0.3)");
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => (await foyer.register(account(n % 10).email)).status),
    );
    expect(statuses.toSorted()).to.deep.equal([...Array(10).fill(201), ...Array(10).fill(400)]);
    const [{ token }] = await emailsTo(foyer, account(0).email);
    const page = await foyer.http.get(`/verify?token=${token}`);
    expect([page.status, page.text.includes(String(new Date().getUTCFullYear()))]).to.deep.equal([200, true]);
    const verified = await Promise.all(Array.from({ length: 8 }, () => foyer.verify(token)));
    expect(verified.map(({ status }) => status)).to.deep.equal(Array(8).fill(200));

    const browser = supertest.agent(foyer.url);
    await browser.post("/register").type("form").send(account(11));
    const [{ code }] = await emailsTo(foyer, account(11).email);
    expect((await browser.post("/verify").type("form").send({ code })).headers["location"]).to.equal("/verified");

    const users = await foyer.users();
    for (const { created_at } of users) expect(Math.abs(Date.now() - created_at.getTime())).to.be.below(60_000);
    expect(users.filter(({ email_verified_at }) => email_verified_at !== null)).to.have.length(2);
    await allSent(foyer);
    await foyer.travel("30 days");
    await foyer.purge();
    expect((await foyer.users()).map(({ email }) => email)).to.have.members([account(0).email, account(11).email]);
    expect((await foyer.http.get("/readyz")).status).to.equal(200);
    await foyer.stop();
  }

  it("registers, verifies and purges accounts, with the right times", async () => {
    await alter(HOSTILE);
    await wholeLife(database.env["DATABASE_URL"] ?? "");
  });

  it("registers, verifies and purges accounts through PgBouncer, which hands sessions around", async function () {
    if (!PGBOUNCER) return this.skip();
    await alter(HOSTILE);
    const pooler = await startPgBouncer(new URL(database.env["DATABASE_URL"] ?? ""), "transaction");
    await wholeLife(pooler.url);
    await pooler.stop();
  });

  it("registers everybody where the session's own time-outs leave a millisecond, or end it while it is idle", async () => {
    await alter({ statement_timeout: "'1ms'", idle_session_timeout: "'50ms'" });
    for (let n = 0; n < 30; n += 1) await (await connect(database.settings, pino({ level: "silent" }))).close();
    const foyer = await startFoyer({ database: { url: database.env["DATABASE_URL"] ?? "", poolMax: 4 } });
    for (let n = 0; n < 40; n += 1) {
      expect((await foyer.register(account(n).email)).status, `number ${n}`).to.equal(201);
      await setTimeout(49 + (n % 5) / 2);
    }
    await foyer.stop();
  });

  it("writes nothing under the session's own settings, nor unacknowledged, whatever is cancelled", async () => {
    await alter({ timezone: "'Asia/Kathmandu'" });
    await onDatabase(
      database,
      `create function note() returns trigger language plpgsql as
         $$ begin new.value := convert_to(current_setting('timezone'), 'UTF8'); return new; end $$`,
      "create trigger note before insert on secrets for each row execute function note()",
    );
    const { db, close } = await connect(
      { url: database.env["DATABASE_URL"] ?? "", poolMax: 4 },
      pino({ level: "silent" }),
    );
    const done: string[] = [];
    let count = 0;
    const insert = async () => {
      while (count < 2000) {
        const name = `n${count++}`;
        await db("secrets")
          .insert({ name, value: Buffer.of(0) })
          .then(
            () => done.push(name),
            () => {},
          );
      }
    };
    const cancel = `do $$ begin for n in 1..20 loop
        perform pg_stat_clear_snapshot(), pg_cancel_backend(pid) from pg_stat_activity
          where application_name = 'foyer' and datname = current_database(); perform pg_sleep(0.0003);
      end loop; end $$`;
    const cancelAll = async () => {
      while (count < 2000) await onDatabase(database, cancel);
    };
    await Promise.all([cancelAll(), insert(), insert(), insert(), insert()]);
    const rows = await db("secrets").whereLike("name", "n%").select("name", "value");
    await close();
    expect(rows.filter(({ value }) => value.toString() !== "UTC")).to.deep.equal([]);
    expect(rows.map(({ name }) => name)).to.have.members(done);
    expect(done).to.not.be.empty;
  });

  for (const through of ["", " through PgBouncer"]) {
    it(`makes its tables and uses them where others' functions come first${through}`, async function () {
      if (through && !PGBOUNCER) return this.skip();
      await database.drop();
      database = await createEmptyDatabase();
      await onDatabase(database, "create schema evil", ...EVIL);
      await alter({ search_path: "evil, pg_catalog" });
      const server = database.env["DATABASE_URL"] ?? "";
      const pooler = through ? await startPgBouncer(new URL(server), "transaction") : undefined;
      await wholeLife(pooler?.url ?? server);
      const foyer = await startFoyer({ database: { url: pooler?.url ?? server, poolMax: 4, schema: "own" } });
      expect((await foyer.register(account(1).email)).status).to.equal(201);
      const [{ token }] = await emailsTo(foyer, account(1).email);
      expect((await foyer.verify(token)).status).to.equal(200);
      await foyer.stop();
      await pooler?.stop();
    });
  }

  for (const datestyle of ["'SQL, DMY'", "'Postgres, MDY'", "'ISO, YMD'"]) {
    it(`keeps the right times where dates are written as ${datestyle}`, async () => {
      await alter({ datestyle, timezone: "'America/St_Johns'" });
      const foyer = await startFoyer({ database: { url: database.env["DATABASE_URL"] ?? "", poolMax: 2 } });
      await foyer.register(account(1).email);
      const [user] = await foyer.users();
      expect(Math.abs(Date.now() - (user?.created_at.getTime() ?? 0))).to.be.below(60_000);
      await emailsTo(foyer, account(1).email);
      await foyer.stop();
    });
  }

  for (const [setting, value, words] of [
    ["default_transaction_read_only", "on", /read only.*turn default_transaction_read_only off/],
    ["session_replication_role", "replica", /session_replication_role/],
  ] as const) {
    it(`refuses to start, in one line, where ${setting} is ${value}`, async () => {
      await alter({ [setting]: value });
      const foyer = spawnFoyer(database.env);
      expect(await foyer.ended).to.equal(1);
      expect(foyer.output().stderr)
        .to.match(/^foyer: DATABASE_URL: .*\n$/)
        .and.match(words);
    });
  }
});

describe("the start on a database whose encoding cannot hold every e-mail address", () => {
  for (const encoding of ["LATIN1", "SQL_ASCII", "EUC_JP"]) {
    it(`is refused for ${encoding} in one line, whose statement makes a database that can`, async function () {
      if (!postgresUrl) return this.skip();
      const other = await createEmptyDatabase(`encoding '${encoding}' template template0 lc_collate 'C' lc_ctype 'C'`);
      const foyer = spawnFoyer(other.env);
      expect(await foyer.ended).to.equal(1);
      const { stderr } = foyer.output();
      expect(stderr).to.match(new RegExp(`^foyer: DATABASE_URL: .*UTF8.*${encoding}.*\\n$`));
      const [, options = ""] = /create database foyer (.*)\n/.exec(stderr) ?? [];
      await other.drop();

      const database = await createEmptyDatabase(options);
      const mended = await startFoyer({ database: database.settings });
      expect((await mended.register(account(1).email)).status).to.equal(201);
      await mended.stop();
      await database.drop();
    });
  }
});
