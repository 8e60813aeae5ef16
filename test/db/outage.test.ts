import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { createDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { failure } from "../support/failure.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { Wire } from "../support/wire.ts";

describe("while the database is away", () => {
  let database: TestDatabase;
  let foyer: TestFoyer;
  let count = 0;
  const wire = new Wire();
  const target = new URL(postgresUrl ?? "postgres://127.0.0.1");

  before(async function () {
    if (!postgresUrl) return this.skip();
    await wire.open(target);
    database = await createDatabase();
    const url = new URL(database.env["DATABASE_URL"] ?? "");
    url.hostname = "127.0.0.1";
    url.port = String(wire.port);
    const many = { count: 1000, seconds: 60 };
    foyer = await startFoyer({
      database: { url: url.href, poolMax: 10 },
      rateLimits: { perIp: many, perEmail: many, perMailbox: many, perDomain: many, total: many, signIn: many },
    });
  });
  after(async () => {
    await foyer?.stop();
    wire.cut();
    await database?.drop();
  });

  function newAddress() {
    count += 1;
    return `n${count}@example.com`;
  }

  for (const [how, leave, slowest] of [
    // Sooner than a connection would be waited for.
    ["is cut off", () => wire.cut(), 2000],
    ["falls silent", () => wire.silence(), 15_000],
  ] as const) {
    it(`answers 503 unavailable soon where it ${how}, and serves again when it is back`, async () => {
      expect((await foyer.register(newAddress())).status).to.equal(201);
      expect((await foyer.http.get("/readyz")).status).to.equal(200);
      leave();
      // Readiness is asked once a second.
      await setTimeout(1000);

      const started = performance.now();
      const [json, page, trpc, ready] = await Promise.all([
        foyer.register(newAddress()),
        foyer.registerByForm(newAddress()),
        failure(foyer.client.auth.register.mutate({ email: "t@example.com", password: PASSWORD })),
        foyer.http.get("/readyz"),
      ]);
      expect(performance.now() - started).to.be.below(slowest);
      expectProblem(json, 503, "unavailable");
      expect([json.headers["retry-after"], json.body.retryAfterSeconds]).to.deep.equal(["5", 5]);
      expect([page.status, page.headers["retry-after"]]).to.deep.equal([503, "5"]);
      expect(page.text)
        .to.include("Try again in 5 seconds")
        .and.match(/value="n\d+@example.com"/);
      expect(trpc.data).to.deep.equal({
        httpStatus: 503,
        code: "SERVICE_UNAVAILABLE",
        path: "auth.register",
        refusal: { code: "unavailable", retryAfterSeconds: 5 },
      });
      expect(ready.status).to.equal(503);
      expect((await foyer.http.get("/register")).status).to.equal(200);
      expect((await foyer.http.get("/healthz")).status).to.equal(200);

      wire.cut();
      await wire.open(target);
      await setTimeout(1000);
      expect((await foyer.register(newAddress())).status).to.equal(201);
      expect((await foyer.http.get("/readyz")).status).to.equal(200);
    });
  }
});
