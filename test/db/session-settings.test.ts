import { expect } from "chai";
import supertest from "supertest";
import { createDatabase, createEmptyDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";
import { emailsTo } from "../support/emails.ts";
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
