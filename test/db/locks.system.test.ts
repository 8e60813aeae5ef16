import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import pg from "pg";
import { pino } from "pino";
import { connect } from "../../src/db/connect.ts";
import { isUnavailable } from "../../src/db/faults.ts";
import { transaction } from "../../src/db/transaction.ts";
import { POSTGRES_PROGRAMS, startPair } from "../support/cluster.ts";
import { createDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { PGBOUNCER, startPgBouncer } from "../support/pgbouncer.ts";
import { spawnFoyer } from "../support/process.ts";
import { waitFor } from "../support/wait-for.ts";

const POOL_MAX = 5;
const HELD_MS = 8000;
const EVERY_MS = 150;
/** A second attempt at an address waits for the first, some seven seconds at most, then for a connection and the lock. */
const SLOWEST_MS = 12_000;

/** An app's own sessions: one whose transaction stays open, and one that looks on, as a transaction sees one state. */
async function startApp(url: string) {
  const [client, observer] = [1, 2].map(() => new pg.Client({ connectionString: url, application_name: "app" })) as [
    pg.Client,
    pg.Client,
  ];
  await Promise.all([client.connect(), observer.connect()]);
  return {
    hold: (statement: string) => client.query(`begin; ${statement}`),
    release: () => client.query("rollback"),
    async connections(which = "true") {
      const { rows } = await observer.query(
        `select count(*)::int from pg_stat_activity where application_name <> 'app' and datname = current_database()
           and backend_type = 'client backend' and ${which}`,
      );
      return rows[0].count;
    },
    end: () => Promise.all([client.end(), observer.end()]),
  };
}

type App = Awaited<ReturnType<typeof startApp>>;

/** Has people ask some times a second for a while, and watches how many connections the server has. */
async function ask(app: App, forMs: number, request: (n: number) => PromiseLike<{ status: number }>) {
  const answers: Promise<{ status: number; took: number }>[] = [];
  const until = performance.now() + forMs;
  let most = 0;
  while (performance.now() < until) {
    const started = performance.now();
    answers.push(
      Promise.resolve(request(answers.length)).then(({ status }) => ({ status, took: performance.now() - started })),
    );
    most = Math.max(most, await app.connections());
    await setTimeout(EVERY_MS);
  }
  return { answers, most: () => most };
}

async function expectRefused(app: App, forMs: number, request: (n: number) => PromiseLike<{ status: number }>) {
  const { answers, most } = await ask(app, forMs, request);
  expect(most()).to.be.within(1, POOL_MAX);
  // The last may be served, as the lock is released meanwhile. Of those at one address, all but one need not wait.
  const early = await Promise.all(answers.slice(0, Math.floor(answers.length / 4)));
  expect(early.map(({ status }) => status)).to.include(503);
  expect(early.filter(({ status }) => status !== 503 && status !== 400)).to.deep.equal([]);
  return async () => {
    for (const { status, took } of await Promise.all(answers)) {
      expect(took).to.be.below(SLOWEST_MS);
      expect(status).to.be.oneOf([503, 201, 400]);
    }
    expect(await app.connections()).to.be.at.most(POOL_MAX);
  };
}

async function expectServedSoon(register: (n: number) => PromiseLike<{ status: number }>) {
  const started = performance.now();
  for (let n = 1_000_000; (await register(n)).status !== 201; n += 1) await setTimeout(50);
  expect(performance.now() - started).to.be.below(2500);
}

describe("while an app does not let go of a lock", () => {
  let database: TestDatabase;
  let foyer: TestFoyer;
  let app: App;

  before(function () {
    if (!postgresUrl) return this.skip();
  });
  beforeEach(async () => {
    database = await createDatabase();
    app = await startApp(database.env["DATABASE_URL"] ?? "");
  });
  afterEach(async () => {
    await foyer.stop();
    await app.end();
    await database.drop();
  });

  const register = (n: number) => foyer.register(`n${n}@example.com`);

  for (const through of ["", " through PgBouncer"]) {
    for (const [what, statement, request] of [
      ["a table", "lock table users in access exclusive mode", register],
      ["an account", "select from users for update", () => foyer.register("held@example.com", "another password")],
    ] as const) {
      it(`on ${what}, answers 503 in time, has no more connections than its own${through}, and serves when it ends`, async function () {
        if (through && !PGBOUNCER) return this.skip();
        const server = database.env["DATABASE_URL"] ?? "";
        const pooler = through ? await startPgBouncer(new URL(server), "transaction") : undefined;
        foyer = await startFoyer({
          database: { url: pooler?.url ?? server, poolMax: POOL_MAX },
          rateLimits: undefined,
        });
        expect((await foyer.register("held@example.com")).status).to.equal(201);
        await app.hold(statement);
        const expectAllInTime = await expectRefused(app, HELD_MS, request);
        await app.release();
        await expectServedSoon(register);
        await expectAllInTime();
        await pooler?.stop();
      });
    }
  }
});

describe("while a synchronous standby is missing, so that no commit ends", () => {
  before(function () {
    if (!postgresUrl || !POSTGRES_PROGRAMS) return this.skip();
  });

  it("answers 503 in time, has no more connections than its own, and serves when it ends", async () => {
    const { primary, standby, remove } = await startPair();
    const foyer = await startFoyer({ database: { url: primary.url, poolMax: POOL_MAX }, rateLimits: undefined });
    const app = await startApp(primary.url);
    const register = (n: number) => foyer.register(`n${n}@example.com`);
    expect((await register(-1)).status).to.equal(201);
    standby.crash();
    const expectAllInTime = await expectRefused(app, 14_000, register);
    await primary.sql("alter system set synchronous_standby_names = ''");
    await primary.sql("select pg_reload_conf()");
    await expectServedSoon(register);
    await expectAllInTime();
    await foyer.stop();
    await app.end();
    await remove();
  });
});

describe("what waits for the database", () => {
  let database: TestDatabase;
  let app: App;

  before(function () {
    if (!postgresUrl) return this.skip();
  });
  beforeEach(async () => {
    database = await createDatabase();
    app = await startApp(database.env["DATABASE_URL"] ?? "");
  });
  afterEach(async () => {
    await app.end();
    await database.drop();
  });

  const open = () => connect({ url: database.env["DATABASE_URL"] ?? "", poolMax: 2 }, pino({ level: "silent" }));

  it("is a transaction of a few seconds at most, though each of its statements keeps within its bound", async () => {
    const { db, close } = await open();
    const started = performance.now();
    let done = 0;
    const fault = await transaction(db, async (trx) => {
      for (; done < 10; done += 1) await trx.raw("select pg_sleep(1.4)");
    }).catch((error: unknown) => error);
    expect(isUnavailable(fault)).to.equal(true);
    expect(done).to.equal(3);
    expect(performance.now() - started).to.be.below(10_000);
    expect(await app.connections("state <> 'idle'")).to.equal(0);
    await close();
  });

  it("is a thousand at most, and whoever comes then is refused at once", async () => {
    const { db, close } = await open();
    await app.hold("lock table users in access exclusive mode");
    const started = performance.now();
    /** In the order in which they came. */
    const faults: unknown[] = [];
    await Promise.all(
      Array.from({ length: 1500 }, async () => {
        faults.push(
          await db("users")
            .first()
            .catch((error: unknown) => error),
        );
      }),
    );
    expect(faults.every(isUnavailable)).to.equal(true);
    const atOnce = faults.map((fault) => String(fault).includes("too many wait"));
    expect(atOnce.filter(Boolean)).to.have.length.within(490, 500);
    expect(atOnce.lastIndexOf(true)).to.be.below(500);
    expect(performance.now() - started).to.be.below(10_000);
    await app.release();
    expect(await db("users").first()).to.equal(undefined);
    await close();
  });

  it("is no process of the server where an instance waits for another to migrate, and is killed", async () => {
    await app.hold("select pg_advisory_xact_lock(7033729)");
    const foyer = spawnFoyer(database.env);
    while ((await app.connections()) === 0) await setTimeout(20);
    await setTimeout(500);
    expect(await app.connections("wait_event_type = 'Lock'")).to.equal(0);
    foyer.child.kill("SIGKILL");
    await foyer.ended;
    await waitFor(async () => (await app.connections()) === 0 || undefined);
  });

  it("ends the start, in one line, where an app does not let a migration have its lock", async () => {
    await app.hold("lock table foyer_migrations in access exclusive mode");
    const started = performance.now();
    const foyer = spawnFoyer(database.env);
    expect(await foyer.ended).to.equal(1);
    expect(performance.now() - started).to.be.within(10_000, 30_000);
    expect(foyer.output().stderr).to.match(/^foyer: DATABASE_URL: .*lock timeout.*\n$/);
    expect(await app.connections()).to.equal(0);
  });
});
