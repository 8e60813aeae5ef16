import { expect } from "chai";
import { createDatabase, createEmptyDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";
import { allSent, emailsTo } from "../support/emails.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { PGBOUNCER, startPgBouncer } from "../support/pgbouncer.ts";
import { spawnFoyer } from "../support/process.ts";

const many = { count: 10_000, seconds: 60 };
const rateLimits = { perIp: many, perEmail: many, perMailbox: many, perDomain: many, total: many, signIn: many };

describe("Foyer behind PgBouncer", () => {
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
    const { status } = await foyer.http.post("/register").send({ email: `n${n}@example.com`, password: PASSWORD });
    return status;
  }

  for (const mode of ["transaction", "session"] as const) {
    it(`registers two hundred at once by two instances in ${mode} mode with four connections, and sends their emails`, async () => {
      const poolMax = mode === "session" ? 2 : 10;
      const foyer = await startFoyer({ database: { url: await through(mode), poolMax }, rateLimits });
      const second = await foyer.another();
      const statuses = await Promise.all(Array.from({ length: 200 }, (_, n) => register(n % 2 ? foyer : second, n)));
      expect(statuses).to.deep.equal(Array(200).fill(201));
      expect(await register(foyer, 7)).to.equal(400);
      expect((await foyer.http.get("/readyz")).status).to.equal(200);
      expect(await foyer.rows("rate_limits")).to.not.be.empty;
      await allSent(foyer);
      await second.stop();
      await foyer.stop();
    });
  }

  it("migrates from several instances at once in transaction mode, and verifies an e-mail address", async () => {
    await database.drop();
    database = await createEmptyDatabase();
    const url = await through("transaction");
    const instances = Array.from({ length: 3 }, () => spawnFoyer({ DATABASE_URL: url }));
    await Promise.all(instances.map(({ ready }) => ready));
    for (const { child } of instances) child.kill("SIGTERM");
    await Promise.all(instances.map(({ ended }) => ended));
    const foyer = await startFoyer({ database: { url, poolMax: 10 } });
    await register(foyer, 1);
    const [{ token }] = await emailsTo(foyer, "n1@example.com");
    expect((await foyer.verify(token)).status).to.equal(200);
    await foyer.stop();
  });

  it("refuses to start, in one line, in statement mode, which allows no transaction", async () => {
    const foyer = spawnFoyer({ DATABASE_URL: await through("statement") });
    expect(await foyer.ended).to.equal(1);
    expect(foyer.output().stderr).to.match(/^foyer: DATABASE_URL: .*statement pooling.*\n$/);
  });
});
