import { expect } from "chai";
import { pino } from "pino";
import { connect } from "../../src/db/connect.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { PASSWORD } from "../support/foyer.ts";
import { MIGRATIONS, runKnex } from "../support/knex.ts";
import { postJson, spawnFoyer } from "../support/process.ts";

describe("the migrations", () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(() => database.drop());

  async function sql(...statements: string[]) {
    const { db, close } = await connect(database.settings, pino({ level: "silent" }));
    await db.transaction(async (trx) => {
      await trx.raw("set local search_path = public");
      for (const statement of statements) await trx.raw(statement);
    });
    const left = await db("foyer_migrations").pluck("name");
    await close();
    return left;
  }

  const had = (name: string) =>
    `insert into foyer_migrations (name, batch, migration_time) values ('${name}', 2, now())`;

  async function knexCommand(...words: string[]) {
    const env = { ...process.env, ...database.env };
    return runKnex(words, env).then(
      ({ stdout }) => ({ code: 0, said: stdout }),
      ({ code, stderr }: { code: number; stderr: string }) => ({ code, said: stderr }),
    );
  }

  it("serve a database to which a newer Foyer added, and log that once", async () => {
    await sql(had("20991231000000_add_nickname"), "alter table users add column nickname text");
    const foyer = spawnFoyer(database.env);
    expect(await postJson(await foyer.ready, { email: "alice@example.com", password: PASSWORD })).to.equal(201);
    foyer.child.kill("SIGTERM");
    expect(await foyer.ended).to.equal(0);
    const lines = foyer
      .output()
      .stdout.split("\n")
      .filter((line) => line.includes("the database is of a newer Foyer"));
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include("20991231000000_add_nickname");
  });

  for (const [which, statements, line] of [
    [
      "a newer Foyer changed so that this one cannot serve it",
      [had("20991231000000_add_nickname"), had("20991231000001_breaking_names")],
      /^foyer: the database is of a newer Foyer, and this one cannot work with what changed \(20991231000001_breaking_names\): start the newer/,
    ],
    [
      "another Foyer migrated differently",
      [had("20991231000000_all"), "delete from foyer_migrations where name like '%create_schema'"],
      /^foyer: the database is of another Foyer: it has the migrations 20991231000000_all and lacks \d+_create_schema; start the version/,
    ],
  ] as const) {
    it(`refuse to start, in one line, on a database that ${which}`, async () => {
      await sql(...statements);
      const foyer = spawnFoyer(database.env);
      expect(await foyer.ended).to.equal(1);
      const { stderr } = foyer.output();
      expect(stderr.trim().split("\n")).to.have.length(1);
      expect(stderr).to.match(line).and.not.include("corrupt");
    });
  }

  it("are undone while nobody has an account, and refuse to be when somebody has", async () => {
    await sql();
    const undone = await knexCommand("migrate:rollback");
    expect([undone.code, undone.said]).to.deep.equal([0, undone.said]);
    expect(undone.said).to.include(`${MIGRATIONS} migrations`);
    await sql(
      "insert into users (email, email_key, hashed_password, email_verified_at) values ('a@example.com', 'a@example.com', 'x', now())",
    );
    for (const words of [["migrate:rollback"], ["migrate:rollback", "--all"], ["migrate:down"]]) {
      const { code, said } = await knexCommand(...words);
      expect(code).to.equal(1);
      expect(said)
        .to.include("There are rows in the table users")
        .and.not.match(/ {4}at /);
    }
    expect(await sql()).to.have.length(MIGRATIONS);
  });

  for (const [what, statement] of [
    ["sign-ups", "insert into sign_ups (email, email_key) values ('a@example.com', 'a@example.com')"],
    ["emails", "insert into emails (key, email_key) values ('again', 'a@example.com')"],
  ] as const) {
    it(`refuse to be undone while there are ${what}`, async () => {
      await sql(statement);
      const { code, said } = await knexCommand("migrate:rollback");
      expect([code, said.includes(`There are rows in the table ${what.replace("-", "_")}`)]).to.deep.equal([1, true]);
      expect(await sql()).to.have.length(MIGRATIONS);
    });
  }

  it("refuse to be undone where the last is of a newer Foyer", async () => {
    await sql(had("20991231000000_add_nickname"));
    const { code, said } = await knexCommand("migrate:rollback");
    expect(code).to.equal(1);
    expect(said).to.include("The last migrations are of a newer Foyer");
    expect(await sql()).to.have.length(MIGRATIONS + 1);
  });
});
