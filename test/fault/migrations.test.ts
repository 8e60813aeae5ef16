import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { pino } from "pino";
import { connect } from "../../src/db/connect.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { postJson, spawnFoyer } from "../support/process.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");

describe("the migrations of a database", () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(() => database.drop());

  async function sql(...statements: string[]) {
    const { db, close } = await connect(database.settings, pino({ level: "silent" }));
    for (const statement of statements) await db.raw(statement);
    const left = await db("foyer_migrations").pluck("name");
    await close();
    return left;
  }

  const had = (name: string) => `insert into foyer_migrations (name, batch, migration_time) values ('${name}', 2, now())`;

  async function knexCommand(...words: string[]) {
    const env = { ...process.env, ...database.env };
    return run("npx", ["knex", ...words], { cwd: ROOT, env }).then(
      ({ stdout }) => ({ code: 0, said: stdout }),
      ({ code, stderr }: { code: number; stderr: string }) => ({ code, said: stderr }),
    );
  }

  it("that a newer Foyer added to are served, and the log says so once", async () => {
    await sql(had("20991231000000_add_nickname"), "alter table users add column nickname text");
    const foyer = spawnFoyer(database.env);
    expect(await postJson(await foyer.ready, { email: "alice@example.com", password: "secret123" })).to.equal(201);
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
      "a newer Foyer broke with this one",
      [had("20991231000000_add_nickname"), had("20991231000001_breaking_names")],
      /^foyer: the database is of a newer Foyer, and this one cannot work with what changed \(20991231000001_breaking_names\): start the newer/,
    ],
    [
      "another Foyer made differently",
      [had("20991231000000_all"), "delete from foyer_migrations where name like '%create_secrets'"],
      /^foyer: the database is of another Foyer: it has the migrations 20991231000000_all and lacks \d+_create_secrets; start the version/,
    ],
  ] as const) {
    it(`that ${which} stop the start with one line`, async () => {
      await sql(...statements);
      const foyer = spawnFoyer(database.env);
      expect(await foyer.ended).to.equal(1);
      const { stderr } = foyer.output();
      expect(stderr.trim().split("\n")).to.have.length(1);
      expect(stderr).to.match(line).and.not.include("corrupt");
    });
  }

  it("are undone while nobody has an account, and not when somebody has", async () => {
    await sql();
    const undone = await knexCommand("migrate:rollback");
    expect([undone.code, undone.said]).to.deep.equal([0, undone.said]);
    expect(undone.said).to.include("4 migrations");
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
    expect(await sql()).to.have.length(4);
  });

  for (const [what, statement] of [
    ["sign-ups", "insert into sign_ups (email, email_key) values ('a@example.com', 'a@example.com')"],
    ["mails", "insert into mails (key, email_key) values ('again', 'a@example.com')"],
  ] as const) {
    it(`are not undone while there are ${what}`, async () => {
      await sql(statement);
      const { code, said } = await knexCommand("migrate:rollback");
      expect([code, said.includes(`There are rows in the table ${what.replace("-", "_")}`)]).to.deep.equal([1, true]);
      expect(await sql()).to.have.length(4);
    });
  }

  it("that are a newer Foyer's are not undone by this one", async () => {
    await sql(had("20991231000000_add_nickname"));
    const { code, said } = await knexCommand("migrate:rollback");
    expect(code).to.equal(1);
    expect(said).to.include("The last migrations are of a newer Foyer");
    expect(await sql()).to.have.length(5);
  });
});
