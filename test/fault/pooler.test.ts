import { expect } from "chai";
import { createDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { mailsTo } from "../support/mailbox.ts";
import { PGBOUNCER, startPgBouncer } from "../support/pgbouncer.ts";
import { spawnFoyer } from "../support/process.ts";

const many = { count: 10_000, seconds: 60 };
const rateLimits = { perAddress: many, perEmail: many, perMailbox: many, total: many };

describe("behind PgBouncer", () => {
  let database: TestDatabase;
  let pooler: Awaited<ReturnType<typeof startPgBouncer>>;

  before(function () {
    if (!postgresUrl || !PGBOUNCER) return this.skip();
  });
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(async () => {
    await pooler.stop();
    await database.drop();
  });

  async function through(mode: "transaction" | "session" | "statement") {
    pooler = await startPgBouncer(new URL(database.env["DATABASE_URL"] ?? ""), mode);
    return pooler.url;
  }

  async function register(foyer: Pick<TestFoyer, "http">, n: number) {
    const { status } = await foyer.http.post("/register").send({ email: `n${n}@example.com`, password: "secret123" });
    return status;
  }

  for (const mode of ["transaction", "session"] as const) {
    it(`in ${mode} mode with four connections, two instances register all of two hundred at once, and their mail leaves`, async () => {
      const poolMax = mode === "session" ? 2 : 10;
      const foyer = await startFoyer({ database: { url: await through(mode), poolMax }, rateLimits, hashMaxWaitSeconds: 60 });
      const second = await foyer.another();
      const statuses = await Promise.all(Array.from({ length: 200 }, (_, n) => register(n % 2 ? foyer : second, n)));
      expect(statuses).to.deep.equal(Array(200).fill(201));
      expect(await register(foyer, 7)).to.equal(400);
      expect((await foyer.http.get("/readyz")).status).to.equal(200);
      expect(await foyer.rows("rate_limits")).to.not.be.empty;
      while ((await foyer.rows("mails")).some(({ done_at }) => done_at === null)) await foyer.http.get("/healthz");
      await second.stop();
      await foyer.stop();
    });
  }

  it("in transaction mode, migrates from several instances at once and verifies an address", async () => {
    const url = await through("transaction");
    const instances = Array.from({ length: 3 }, () => spawnFoyer({ DATABASE_URL: url }));
    await Promise.all(instances.map(({ ready }) => ready));
    for (const { child } of instances) child.kill("SIGTERM");
    await Promise.all(instances.map(({ ended }) => ended));
    const foyer = await startFoyer({ database: { url, poolMax: 10 } });
    await register(foyer, 1);
    const [{ token }] = await mailsTo(foyer, "n1@example.com");
    expect((await foyer.http.post("/verify").send({ token })).status).to.equal(200);
    await foyer.stop();
  });

  it("in statement mode, which allows no transaction, does not start and says so in a line", async () => {
    const foyer = spawnFoyer({ DATABASE_URL: await through("statement") });
    expect(await foyer.ended).to.equal(1);
    expect(foyer.output().stderr).to.match(/^foyer: DATABASE_URL: .*statement pooling.*\n$/);
  });
});
