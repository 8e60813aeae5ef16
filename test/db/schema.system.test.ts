import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import knex, { type Knex } from "knex";
import { createEmptyDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";
import { emailsTo } from "../support/emails.ts";
import { PASSWORD, startFoyer } from "../support/foyer.ts";
import { MIGRATIONS, runKnex } from "../support/knex.ts";
import { postJson, spawnFoyer } from "../support/process.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");

/** A migration as an app beside has one: its own `users`, and knex's own names for its tables. */
const appsMigrations: Knex.MigratorConfig = {
  migrationSource: {
    getMigrations: async () => ["20200101000000_app"],
    getMigrationName: (name: string) => name,
    getMigration: async () => ({
      up: (db) => db.schema.createTable("users", (table) => table.text("nickname")),
      down: (db) => db.schema.dropTable("users"),
    }),
  },
};

describe("a PostgreSQL database that Foyer shares", () => {
  let database: TestDatabase;
  let app: Knex;
  let url: URL;
  let role = "";

  before(function () {
    if (!postgresUrl) this.skip();
  });
  beforeEach(async () => {
    database = await createEmptyDatabase();
    url = new URL(database.env["DATABASE_URL"] ?? "");
    app = knex({ client: "pg", connection: url.href });
    role = `${url.pathname.slice(1)}_role`;
    await app.raw("create role ?? login password 'hunter2'", [role]);
  });
  afterEach(async () => {
    await app.raw("drop owned by ??", [role]);
    await app.raw("drop role ??", [role]);
    await app.destroy();
    await database.drop();
  });

  /** The one line with which a start ends. */
  async function refusal(env: Record<string, string> = {}) {
    const foyer = spawnFoyer({ ...database.env, ...env });
    expect(await foyer.ended).to.equal(1);
    const lines = foyer.output().stderr.trim().split("\n");
    expect(lines).to.have.length(1);
    expect(lines[0]).not.to.match(/hunter2|create table|insert|select/i);
    return lines[0];
  }

  async function serves(env: Record<string, string>) {
    const foyer = spawnFoyer({ ...database.env, ...env });
    const status = await postJson(await foyer.ready, { email: "alice@example.com", password: PASSWORD });
    foyer.child.kill("SIGTERM");
    await foyer.ended;
    return status;
  }

  function asRole() {
    const other = new URL(url);
    other.username = role;
    other.password = "hunter2";
    return { DATABASE_URL: other.href };
  }

  it("serves an app with knex and a table users of its own too, whoever comes first", async () => {
    await app.migrate.latest(appsMigrations);
    expect(await serves({ DATABASE_SCHEMA: "foyer" })).to.equal(201);
    expect(await app("users")).to.deep.equal([]);
    expect(await app("foyer.users").pluck("email")).to.deep.equal(["alice@example.com"]);
    await app.migrate.rollback(appsMigrations);
    expect(await serves({ DATABASE_SCHEMA: "foyer" }), "and still knows its accounts").to.equal(400);
    const [batch, names] = await app.migrate.latest(appsMigrations);
    expect([batch, names]).to.deep.equal([1, ["20200101000000_app"]]);
    const tables = await app("pg_tables").where({ schemaname: "foyer" }).orderBy("tablename").pluck("tablename");
    expect(tables).to.deep.equal([
      "acceptances",
      "email_change_tokens",
      "email_changes",
      "emails",
      "events",
      "foyer_migrations",
      "foyer_migrations_lock",
      "rate_limits",
      "reset_tokens",
      "secrets",
      "sessions",
      "sign_in_failures",
      "sign_ups",
      "users",
      "verification_tokens",
    ]);
  });

  it("serves from a schema whose name needs quotes, where the search_path leads elsewhere", async () => {
    await app.raw(`alter database ?? set search_path = nowhere`, [url.pathname.slice(1)]);
    const many = { count: 1000, seconds: 60 };
    for (const [schema, privacy] of [
      ["My schéma-$1", "open"],
      ["select", "discreet"],
    ] as const) {
      const foyer = await startFoyer({
        database: { url: url.href, poolMax: 4, schema },
        privacy,
        rateLimits: { perIp: many, perEmail: many, perMailbox: many, perDomain: many, total: many, signIn: many },
      });
      const email = "alice@example.com";
      expect((await foyer.register(email)).status).to.equal(201);
      expect((await foyer.register(email)).status).to.equal(privacy === "open" ? 400 : 201);
      await foyer.resend(email);
      const [{ token }] = await emailsTo(foyer, email, 3);
      expect((await foyer.verify(token)).status).to.equal(200);
      await foyer.purge();
      if (privacy === "open") expect((await foyer.http.get("/metrics")).text).to.include("foyer_emails_waiting 0");
      expect((await app.withSchema(schema).from("users")).map((row) => row.email)).to.deep.equal([email]);
      expect((await app.withSchema(schema).from("rate_limits")).length).to.be.greaterThan(2);
      await foyer.stop();
    }
  });

  it("is migrated in Foyer's own schema by the command lines too", async () => {
    const env = { ...process.env, ...database.env, DATABASE_SCHEMA: "foyer" };
    const latest = await runKnex(["migrate:latest"], env);
    expect(latest.stdout).to.include(`Batch 1 run: ${MIGRATIONS} migrations`);
    expect((await runKnex(["migrate:status"], env)).stdout).to.include("No Pending Migration");
    expect(await app.schema.hasTable("users")).to.equal(false);
    const emails = await run(process.execPath, ["dist/src/cli/emails.js"], { cwd: ROOT, env });
    expect(emails.stdout).to.equal("No email was given up.\n");
    expect((await runKnex(["migrate:rollback"], env)).stdout).to.include(
      `Batch 1 rolled back: ${MIGRATIONS} migrations`,
    );
  });

  it("serves a role that may only read and write, once the tables are there", async () => {
    expect(await serves({ DATABASE_SCHEMA: "foyer" })).to.equal(201);
    await app.raw("grant usage on schema foyer to ??", [role]);
    expect(await refusal({ ...asRole(), DATABASE_SCHEMA: "foyer" })).to.match(
      /may not read and write .* grant all on all tables/,
    );
    await app.raw("grant all on all tables in schema foyer to ??", [role]);
    expect(await refusal({ ...asRole(), DATABASE_SCHEMA: "foyer" })).to.match(
      /may not .* sequences .* grant all on all sequences/,
    );
    await app.raw("grant all on all sequences in schema foyer to ??", [role]);
    await app.raw("revoke all on foyer.sessions, foyer.sign_in_failures from ??", [role]);
    expect(
      await refusal({ ...asRole(), DATABASE_SCHEMA: "foyer" }),
      "as where only those of an earlier version were",
    ).to.match(/may not read and write the tables sessions, sign_in_failures/);
    await app.raw("grant all on all tables in schema foyer to ??", [role]);
    expect(await serves({ ...asRole(), DATABASE_SCHEMA: "foyer" })).to.equal(400);
  });

  describe("that cannot be used", () => {
    it("refuses the start in one line where a table users is somebody else's", async () => {
      await app.migrate.latest(appsMigrations);
      expect(await refusal()).to.equal(
        "foyer: DATABASE_SCHEMA: the schema public has a table already that this Foyer did not make (users), and it is left as it is: " +
          "set DATABASE_SCHEMA to a schema for Foyer alone, such as foyer",
      );
    });

    it("refuses the upgrade in one line where a table that it adds is somebody else's", async () => {
      await serves({});
      await app.raw(
        "drop table sessions, sign_in_failures, reset_tokens, email_change_tokens, email_changes, events, acceptances",
      );
      await app("foyer_migrations").where("name", ">=", "20261126140000").del();
      await app.schema.createTable("sessions", (table) => table.text("sid"));
      expect(await refusal()).to.match(/^foyer: DATABASE_SCHEMA: .* did not make \(sessions\)/);
    });

    it("refuses the start in one line where an unreleased Foyer made the tables", async () => {
      await app.migrate.latest(appsMigrations);
      await app("knex_migrations").update({ name: "20261122000000_create_users" });
      expect(await refusal()).to.match(
        /^foyer: DATABASE_SCHEMA: an older, unreleased Foyer made .*set DATABASE_SCHEMA/,
      );
      await app.schema.renameTable("knex_migrations", "foyer_migrations");
      expect(await refusal()).to.match(
        /^foyer: DATABASE_SCHEMA: an older, unreleased Foyer made .*set DATABASE_SCHEMA/,
      );
    });

    it("refuses the start in one line where knex made Foyer's table of migrations beside somebody else's users", async () => {
      await app.migrate.latest(appsMigrations);
      await app.schema.renameTable("knex_migrations", "foyer_migrations");
      await app("foyer_migrations").del();
      expect(await refusal()).to.match(/^foyer: DATABASE_SCHEMA: .* did not make \(users\)/);
    });

    it("refuses the start in one line where the migration that made the tables is not on record", async () => {
      await serves({});
      await app("foyer_migrations").del();
      expect(await refusal()).to.match(
        /^foyer: DATABASE_SCHEMA: .* does not name \d+_create_schema, .*go back to a whole copy of the database/,
      );
    });

    it("is refused by knex's command line in one line too, and nothing is left behind", async () => {
      const refused = async (env: Record<string, string>) => {
        const { stderr, code } = await runKnex(["migrate:latest"], { ...process.env, ...env }).catch((fault) => fault);
        expect(code).to.equal(1);
        expect(await app("pg_tables").whereLike("tablename", "foyer%").pluck("tablename")).to.deep.equal([]);
        return stderr;
      };
      await app.raw("revoke create on schema public from public");
      expect(await refused(asRole())).to.match(/^foyer: DATABASE_SCHEMA: the role \w+ may not make tables .*\n$/);
      await app.migrate.latest(appsMigrations);
      expect(await refused(database.env)).to.match(/^foyer: DATABASE_SCHEMA: .* did not make \(users\).*\n$/);
    });

    it("refuses the start in one line where the role may not make tables", async () => {
      await app.raw("revoke create on schema public from public");
      expect(await refusal(asRole())).to.match(
        /^foyer: DATABASE_SCHEMA: the role \w+ may not make tables in the schema public: grant all/,
      );
    });

    it("refuses the start in one line where the role may not make the schema", async () => {
      expect(await refusal({ ...asRole(), DATABASE_SCHEMA: "foyer" })).to.match(
        /^foyer: DATABASE_SCHEMA: there is no schema foyer in the database \w+, and the role \w+ may not make one: create schema "foyer"/,
      );
    });

    it("refuses the start in one line where the role may not use the schema", async () => {
      await app.raw("create schema foyer");
      expect(await refusal({ ...asRole(), DATABASE_SCHEMA: "foyer" })).to.match(
        /^foyer: DATABASE_SCHEMA: the role \w+ may not use the schema/,
      );
    });

    it("refuses the start in one line where there is no such database", async () => {
      url.pathname = "/none_of_that_name";
      expect(await refusal({ DATABASE_URL: url.href })).to.match(
        /^foyer: DATABASE_URL: .*none_of_that_name.* cannot be used; check the URL's host, port, user, password and database\)$/,
      );
    });
  });
});
