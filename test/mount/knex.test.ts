import { expect } from "chai";
import express from "express";
import knex, { type Knex } from "knex";
import supertest from "supertest";
import { createFoyer, type Foyer, StartError } from "../../src/foyer.ts";
import { createEmptyDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";
import { type AppUnderTest, MOUNTED, openAccount } from "../support/mounted.ts";
import { waitFor } from "../support/wait-for.ts";

const POOL_MAX = 3;

/** As some apps have it: names in camel case, numbers as texts, and a session of their own ways. */
function appKnex(url: string) {
  return knex({
    client: "pg",
    connection: url,
    searchPath: ["app"],
    pool: {
      min: 0,
      max: POOL_MAX,
      afterCreate(connection: { query(sql: string, done: (error: unknown) => void): void }, done: () => void) {
        connection.query("set datestyle = 'SQL, DMY'; set timezone = 'Asia/Tokyo'; set statement_timeout = 7777", done);
      },
    },
    wrapIdentifier: (value, wrap) => wrap(value.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)),
    postProcessResponse: () => {
      throw new Error("no response is the app's but its own");
    },
  });
}

describe("Foyer by an app's own knex", () => {
  let database: TestDatabase;
  let db: Knex;
  let foyer: Foyer;
  let app: AppUnderTest;
  before(async function () {
    if (!postgresUrl) return this.skip();
    database = await createEmptyDatabase();
    db = appKnex(database.env["DATABASE_URL"] ?? "");
    await db.raw("create schema app").catch(() => {});
    foyer = await createFoyer({ ...MOUNTED, knex: db });
    await db.raw("create table users (id int)").catch(() => {});
    app = supertest(express().use("/account", foyer.app));
  });
  after(async () => {
    await foyer?.close();
    await db?.destroy();
    await database?.drop();
  });

  /** The rows of a statement of the app's, on a connection of its own way of seeing responses. */
  const rows = async (sql: string, on: Knex = db) => {
    const connection = await on.client.acquireConnection();
    try {
      return (await connection.query(sql)).rows;
    } finally {
      await on.client.releaseConnection(connection);
    }
  };

  it("keeps its tables in a schema of its own, and nothing of the app's ways is its", async () => {
    const cookie = await openAccount(app, "own@example.com");
    const { body } = await app.get("/account/session").set("Cookie", cookie);
    expect(body.account).to.deep.equal({ id: 1, email: "own@example.com", verified: true });
    expect(Date.parse(body.session.expiresAt)).to.be.greaterThan(Date.now());
    const tables = await rows("select schemaname from pg_tables where tablename = 'users' order by 1");
    expect(tables).to.deep.equal([{ schemaname: "app" }, { schemaname: "foyer" }]);
  });

  it("shares the app's connections, and leaves them as they were", async () => {
    const emails = Array.from({ length: 10 }, (_, n) => `n${n}@example.com`);
    const answers = await Promise.all(
      emails.map((email) => app.post("/account/register").send({ email, password: "secret123" })),
    );
    expect(answers.map(({ body }) => body.code ?? "registered")).to.deep.equal(emails.map(() => "registered"));
    const [{ count }] = await rows(
      "select count(*)::int from pg_stat_activity where datname = current_database() and backend_type = 'client backend'",
    );
    expect(count).to.be.at.most(POOL_MAX);
    const settings = "current_setting('statement_timeout') || ' ' || current_setting('search_path')";
    expect(await rows(`select ${settings} as settings`)).to.deep.equal([{ settings: "7777ms app" }]);
  });

  it("answers 503 within seconds while the app has all connections, and serves again", async () => {
    const held = await Promise.all(Array.from({ length: POOL_MAX }, () => db.client.acquireConnection()));
    const { status, body } = await app
      .post("/account/register")
      .send({ email: "x@example.com", password: "secret123" });
    expect([status, body.code]).to.deep.equal([503, "unavailable"]);
    for (const connection of held) await db.client.releaseConnection(connection);
    await openAccount(app, "x@example.com");
  });

  it("knows no account by what is no number of one, and the app's transaction goes on", async () => {
    await db.transaction(async (trx) => {
      for (const id of [Number.NaN, 1.5, -1, 1e30, Number.POSITIVE_INFINITY]) {
        expect(await foyer.accounts.find({ id }, trx)).to.equal(null);
        expect(await foyer.accounts.endSessions(id, trx)).to.equal(false);
        expect(await foyer.accounts.delete(id, trx)).to.equal(false);
      }
    });
    expect(await foyer.accounts.find({ id: Number.NaN })).to.equal(null);
  });

  it("has the app find an account, end its sessions and delete it in a transaction of the app's", async () => {
    const email = "leaves@example.com";
    const cookie = await openAccount(app, email);
    const who = async () => (await app.get("/account/session").set("Cookie", cookie)).body.account?.email ?? null;
    const found = await foyer.accounts.find({ email: "LEAVES@example.com" });
    expect(found).to.deep.equal({ id: found?.id, email, verified: true });
    const id = found?.id ?? 0;
    const told: { id: number }[] = [];
    const end = foyer.on("account.deleted", ({ data }) => void told.push(data));

    const undone = await db
      .transaction(async (trx) => {
        expect(await foyer.accounts.endSessions(id, trx)).to.equal(true);
        expect(await foyer.accounts.delete(id, trx)).to.equal(true);
        expect(await foyer.accounts.find({ id }, trx)).to.equal(null);
        throw new Error("the app's mind changed");
      })
      .catch((error: unknown) => String(error));
    expect(undone).to.equal("Error: the app's mind changed");
    expect(await who()).to.equal(email);

    await db.transaction((trx) => foyer.accounts.endSessions(id, trx));
    expect(await who()).to.equal(null);
    await db.transaction(async (trx) => {
      await foyer.accounts.delete(id, trx);
      expect(await foyer.accounts.find({ id })).to.include({ email });
    });
    expect(await foyer.accounts.find({ email })).to.equal(null);
    expect(await foyer.accounts.delete(id)).to.equal(false);
    await openAccount(app, email);
    await waitFor(async () => told[0]);
    expect(told).to.deep.equal([{ id }]);
    end();
  });

  it("takes no transaction that is over", async () => {
    const trx = await db.transaction();
    await trx.rollback();
    const refused = await foyer.accounts.find({ id: 1 }, trx).catch((error: unknown) => String(error));
    expect(refused).to.equal("Error: the transaction is over");
  });

  it("leaves the app its pool when it closes", async () => {
    const another = await createFoyer({ ...MOUNTED, knex: db });
    await another.close();
    expect(await rows("select 1 as one")).to.deep.equal([{ one: 1 }]);
  });
});

describe("createFoyer with a knex that is none for PostgreSQL", () => {
  it("refuses it", async () => {
    for (const client of [knex({ client: "mysql" }), knex({ client: "pg" })]) {
      const refused = await createFoyer({ ...MOUNTED, knex: client }).catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(StartError);
      expect(String(refused)).to.include("knex: expected one for PostgreSQL");
    }
  });
});
