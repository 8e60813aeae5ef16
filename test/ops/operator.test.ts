import { expect } from "chai";
import supertest from "supertest";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

/** What shows that somebody else asks by way of this machine. */
const BY_WAY_OF = [
  ["X-Forwarded-For", "192.0.2.1"],
  ["X-Forwarded-For", "127.0.0.1"],
  ["X-Forwarded-Proto", "https"],
  ["Forwarded", "for=192.0.2.1"],
  ["Via", "1.1 proxy"],
  ["X-Real-IP", "127.0.0.1"],
  ["CF-Connecting-IP", "192.0.2.1"],
  ["Host", "foyer.example.com"],
] as const;

describe("what only the operator may see", () => {
  let foyer: TestFoyer;
  afterEach(() => foyer.stop());

  for (const trustProxy of [false, true, "loopback"] as const) {
    it(`is shown to programs on this machine, and to nobody by way of a proxy on it, with TRUST_PROXY=${trustProxy}`, async () => {
      foyer = await startFoyer({ trustProxy });
      expect((await foyer.http.get("/metrics")).status).to.equal(200);
      expect((await foyer.http.get("/readyz")).body).to.deep.equal({ status: "ready", warnings: [] });
      for (const [name, value] of BY_WAY_OF) {
        for (const method of ["get", "post"] as const)
          expect((await foyer.http[method]("/metrics").set(name, value)).status, name).to.equal(404);
        expect((await foyer.http.get("/readyz").set(name, value)).body, name).to.deep.equal({ status: "ready" });
      }
    });
  }

  it("is shown on METRICS_PORT, whoever asks there", async () => {
    foyer = await startFoyer({ metricsPort: 0 });
    await foyer.http.get("/register").set("X-Forwarded-For", "192.0.2.1");
    const operator = supertest(foyer.operatorApp);
    expect((await operator.get("/metrics").set("X-Forwarded-For", "192.0.2.1")).text).to.include("foyer_ready 1\n");
    const { status, body } = await operator.get("/readyz").set("X-Forwarded-For", "192.0.2.1");
    expect([status, body.status, body.warnings.length]).to.deep.equal([200, "ready", 1]);
  });
});

describe("GET /readyz, asked by many", () => {
  it("has the database write once a second, the gauge in /metrics included", async () => {
    const foyer = await startFoyer();
    let writes = 0;
    foyer.watchStatements((sql) => {
      if (sql.includes("pg_current_xact_id")) writes += 1;
    });
    const started = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => foyer.http.get(n % 2 ? "/readyz" : "/metrics")),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(100).fill(200));
    expect(writes).to.be.within(1, 1 + Math.floor((performance.now() - started) / 1000));
    await foyer.stop();
  });
});
