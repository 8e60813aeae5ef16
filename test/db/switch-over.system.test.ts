import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { type Cluster, POSTGRES_PROGRAMS, startPair } from "../support/cluster.ts";
import { postgresUrl } from "../support/database.ts";
import { emailsTo } from "../support/emails.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { startRelay } from "../support/relay.ts";

const many = { count: 100_000, seconds: 60 };
const rateLimits = { perIp: many, perEmail: many, perMailbox: many, perDomain: many, total: many, signIn: many };

/** People who sign up one after the other, some at a time, until they are told to stop. */
function startLoad(foyer: TestFoyer) {
  const acknowledged: string[] = [];
  const statuses = new Map<number, number>();
  let count = 0;
  let running = true;
  async function person() {
    while (running) {
      count += 1;
      const email = `n${count}@example.com`;
      const { status, headers } = await foyer.register(email);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 503) expect(headers["retry-after"]).to.match(/^\d+$/);
      if (status === 201) acknowledged.push(email);
      else await setTimeout(20);
    }
  }
  const people = Promise.all(Array.from({ length: 6 }, person));
  return {
    acknowledged,
    statuses,
    /** Resolves when so many more have been registered. */
    async more(number: number) {
      const goal = acknowledged.length + number;
      while (acknowledged.length < goal) await setTimeout(10);
    },
    async stop() {
      running = false;
      await people;
    },
  };
}

/** As is done before a switch-over: it still answers, on all connections, and takes nothing more. */
async function fence(server: Cluster) {
  await server.sql("alter system set default_transaction_read_only = on");
  await server.sql("select pg_reload_conf()");
}

async function readiness(foyer: TestFoyer, status: number) {
  while ((await foyer.http.get("/readyz")).status !== status) await setTimeout(20);
}

describe("Foyer under load when another server takes over", () => {
  let pair: Awaited<ReturnType<typeof startPair>>;
  let foyer: TestFoyer;

  before(function () {
    if (!postgresUrl || !POSTGRES_PROGRAMS) return this.skip();
  });
  beforeEach(async () => {
    pair = await startPair();
  });
  afterEach(async () => {
    await foyer.stop();
    await pair.remove();
  });

  async function expectNoneLost({ acknowledged, statuses }: ReturnType<typeof startLoad>) {
    const kept = new Set((await pair.standby.sql("select email from users")).map(({ email }) => email));
    expect(acknowledged.filter((email) => !kept.has(email))).to.deep.equal([]);
    expect([...statuses.keys()].filter((status) => status !== 201 && status !== 503)).to.deep.equal([]);
    expect(await pair.standby.sql("select pg_is_in_recovery() as standby")).to.deep.equal([{ standby: false }]);
  }

  it("goes on with the one that may be written to where its URL names both, and loses nothing acknowledged", async () => {
    const hosts = `127.0.0.1:${pair.standby.port},127.0.0.1:${pair.primary.port}`;
    const url = `postgres://postgres@${hosts}/postgres?target_session_attrs=read-write`;
    foyer = await startFoyer({ database: { url, poolMax: 5 }, rateLimits });
    const load = startLoad(foyer);
    await load.more(20);
    pair.primary.crash();
    await readiness(foyer, 503);
    pair.standby.promote();
    const promotedAt = performance.now();
    await readiness(foyer, 200);
    await load.more(20);
    expect(performance.now() - promotedAt).to.be.below(10_000);
    await load.stop();
    await expectNoneLost(load);
  });

  it("lets go of connections to the server left behind where both are reached at one address", async () => {
    const relay = await startRelay(pair.primary.port);
    foyer = await startFoyer({
      database: { url: `postgres://postgres@127.0.0.1:${relay.port}/postgres`, poolMax: 5 },
      rateLimits,
    });
    const load = startLoad(foyer);
    await load.more(20);
    await fence(pair.primary);
    // Nobody asks /readyz meanwhile, which would have them let go as well.
    while (!load.statuses.has(503)) await setTimeout(10);
    pair.standby.promote();
    relay.pointTo(pair.standby.port);
    const switchedAt = performance.now();
    await load.more(20);
    await readiness(foyer, 200);
    expect(performance.now() - switchedAt).to.be.below(10_000);
    await load.stop();
    await expectNoneLost(load);
    // The other parts of Foyer find the new one too; an email that was on its way meanwhile is tried again later.
    await foyer.purge();
    await foyer.register("last@example.com");
    await emailsTo(foyer, "last@example.com");
    await fence(pair.standby);
    await readiness(foyer, 503);
    relay.close();
  });
});
