import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { isFoyerError } from "../../src/client.ts";
import { limitRequestsInMemory } from "../../src/limits/requests.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

const COUNT = 10;
const ORIGIN = "https://app.example.com";

describe("a network that has sent as many requests as it may", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({
      requestLimit: { count: COUNT, seconds: 600 },
      trustProxy: "loopback",
      corsOrigins: [ORIGIN],
    });
    const asking = [
      () => foyer.http.get("/readyz"),
      () => foyer.http.get("/metrics"),
      () => foyer.http.get("/verify?token=x"),
      () => foyer.http.get("/verify%3ftoken=x"),
      () => foyer.http.head("/verify?token=x"),
      () => foyer.register("no"),
      () => foyer.registerByForm("no"),
      () => foyer.verify("x"),
      () => foyer.resend("no"),
      () => foyer.http.post("/trpc/auth.register").send({}),
    ];
    expect(asking).to.have.length(COUNT);
    for (const ask of asking) expect((await ask()).status).to.be.below(429);
  });
  after(() => foyer.stop());

  it("is refused by JSON with 429 rate_limited, and told when to try again", async () => {
    for (const answer of [await foyer.verify("x"), await foyer.http.get("/readyz"), await foyer.http.get("/metrics")]) {
      const { retryAfterSeconds } = expectProblem(answer, 429, "rate_limited");
      expect(retryAfterSeconds).to.be.within(541, 600).and.equal(Number(answer.headers["retry-after"]));
      expect(answer.headers["ratelimit-policy"]).to.equal(`"requests";q=${COUNT};w=600`);
      expect(answer.headers["cache-control"]).to.equal("no-store");
    }
  });

  it("is refused by tRPC with TOO_MANY_REQUESTS, each call of a batch, and a frontend of another origin reads it", async () => {
    const call = () => foyer.client.auth.register.mutate({ email: "a@example.com", password: "secret123" });
    for (const error of await Promise.all([call(), call()].map((sent) => sent.catch((error: unknown) => error)))) {
      if (!isFoyerError(error)) throw error;
      expect([error.data?.code, error.data?.refusal?.code]).to.deep.equal(["TOO_MANY_REQUESTS", "rate_limited"]);
    }
    const answer = await foyer.http.post("/trpc/auth.register").set("Origin", ORIGIN).send({});
    expect([answer.status, answer.headers["access-control-allow-origin"]]).to.deep.equal([429, ORIGIN]);
  });

  it("is refused by a page that says when to try again", async () => {
    for (const answer of [
      await foyer.registerByForm("a@example.com"),
      await foyer.http.get("/verify?token=x").set("Accept", "text/html"),
    ]) {
      expect([answer.status, answer.type]).to.deep.equal([429, "text/html"]);
      expect(answer.text).to.include("Try again in 10 minutes");
    }
  });

  it("may still read assets, pages that ask nothing of the database, and whether the process runs", async () => {
    for (const path of ["/", "/register", "/welcome", "/verified", "/docs", "/openapi.json", "/healthz"]) {
      expect((await foyer.http.get(path)).status, path).to.be.below(400);
    }
    expect((await foyer.http.get("/assets/foyer.css")).status).to.equal(200);
  });

  it("is not told from others by what a client writes before sixteen proxies", async () => {
    for (const [proxies, status] of [
      [15, 404],
      [16, 429],
    ] as const) {
      const forwarded = ["192.0.2.8", ...Array.from({ length: proxies }, () => "127.0.0.1")].join(",");
      expect((await foyer.verify("x").set("X-Forwarded-For", forwarded)).status, `${proxies}`).to.equal(status);
    }
  });

  it("takes nothing from another network", async () => {
    const answer = await foyer.verify("x").set("X-Forwarded-For", "192.0.2.7");
    expect(answer.status).to.equal(404);
  });
});

describe("the limit of requests", () => {
  it("takes nothing from a larger network for what it refuses a smaller one in it", async () => {
    const spend = limitRequestsInMemory({ count: 10, seconds: 600 }, () => {});
    for (let n = 0; n < 1000; n += 1) await spend("2001:db8:0:1::1");
    expect(await spend("2001:db8:0:1::1")).to.have.nested.property("error.limit.count", 10);
    for (let n = 0; n < 10; n += 1) expect((await spend("2001:db8:0:2::1")).ok, "of its /56").to.equal(true);
    for (let n = 3; n < 30; n += 1) await spend(`2001:db8:0:${n}::1`);
    expect(await spend("2001:db8:0:40::1")).to.have.nested.property("error.limit.count", 40);
    expect((await spend("2001:db8:0:100::1")).ok, "of another /56").to.equal(true);
  });

  it("keeps no more than its number of counts, however many networks ask", async () => {
    const spend = limitRequestsInMemory({ count: 1000, seconds: 600 }, () => {});
    const ask = async (from: number) => {
      for (let n = from; n < from + 100_000; n += 1) await spend(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
    };
    // When garbage is collected depends on the machine, unless it is asked for.
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc");
    await ask(0);
    collect();
    const before = process.memoryUsage().heapUsed;
    await ask(100_000);
    collect();
    expect(process.memoryUsage().heapUsed - before).to.be.below(20_000_000);
  });
});
