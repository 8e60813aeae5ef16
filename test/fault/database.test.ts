import { expect } from "chai";
import { createDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
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
      rateLimits: { perAddress: many, perEmail: many, perMailbox: many, total: many },
    });
  });
  after(async () => {
    await foyer?.stop();
    wire.cut();
    await database?.drop();
  });

  function register(type = "json") {
    count += 1;
    return foyer.http
      .post("/register")
      .type(type)
      .send({ email: `n${count}@example.com`, password: "secret123" });
  }

  for (const [how, leave, slowest] of [
    ["is cut off", () => wire.cut(), 1000],
    ["falls silent", () => wire.silence(), 9000],
  ] as const) {
    it(`that ${how}, says so plainly and soon, and serves again when it is back`, async () => {
      expect((await register()).status).to.equal(201);
      expect((await foyer.http.get("/readyz")).status).to.equal(200);
      leave();

      const started = performance.now();
      const [json, page, trpc, ready] = await Promise.all([
        register(),
        register("form"),
        foyer.client.auth.register.mutate({ email: "t@example.com", password: "secret123" }).catch((error) => error.data),
        foyer.http.get("/readyz"),
      ]);
      expect(performance.now() - started).to.be.below(slowest);
      expect([json.status, json.body.code, json.headers["retry-after"]]).to.deep.equal([503, "unavailable", "5"]);
      expect([page.status, page.headers["retry-after"]]).to.deep.equal([503, "5"]);
      expect(page.text)
        .to.include("Please try again in 5 seconds")
        .and.match(/value="n\d+@example.com"/);
      expect(trpc).to.deep.equal({ httpStatus: 503, code: "unavailable", retryAfterSeconds: 5 });
      expect(ready.status).to.equal(503);
      expect((await foyer.http.get("/register")).status).to.equal(200);
      expect((await foyer.http.get("/healthz")).status).to.equal(200);

      wire.cut();
      await wire.open(target);
      expect((await register()).status).to.equal(201);
      expect((await foyer.http.get("/readyz")).status).to.equal(200);
    });
  }
});
