import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { isFoyerError } from "../../src/client.ts";
import { postgresUrl } from "../support/database.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";

const MANY = { count: 1000, seconds: 600 };
const FEW = { count: 3, seconds: 600 };
const NO_LIMIT = { perIp: MANY, perEmail: MANY, perMailbox: MANY, perDomain: MANY, total: MANY };

/** A call's part of the answer to a batch. */
type Answer = { error?: { data: { refusal: { code: string } } } };

describe("the rate limits", () => {
  let foyer: TestFoyer;
  let count = 0;
  afterEach(() => foyer.stop());

  function account() {
    count += 1;
    return { email: `n${count}@example.com`, password: PASSWORD };
  }

  function from(ip: string, body: object = account()) {
    return foyer.http.post("/register").set("X-Forwarded-For", ip).send(body);
  }

  async function hashes() {
    const { text } = await foyer.http.get("/metrics");
    return Number(/^foyer_hash_duration_seconds_count (\d+)$/m.exec(text)?.[1]);
  }

  describe("when an IP address has used up its attempts", () => {
    let hashed: number;
    beforeEach(async () => {
      foyer = await startFoyer({ rateLimits: { ...NO_LIMIT, perIp: FEW } });
      // An attempt by each transport counts, and one with invalid input does not.
      expect((await foyer.http.post("/register").send({ email: "no", password: "no" })).status).to.equal(400);
      expect((await foyer.register(account().email)).status).to.equal(201);
      expect((await foyer.registerByForm(account().email)).status).to.equal(303);
      await foyer.client.auth.register.mutate(account());
      hashed = await hashes();
    });
    afterEach(async () => expect(await hashes(), "nothing is hashed for a refused attempt").to.equal(hashed));

    it("answers JSON with 429 rate_limited, when to try again, and which limit it was", async () => {
      const json = await foyer.register(account().email);
      const { retryAfterSeconds } = expectProblem(json, 429, "rate_limited");
      const seconds = Number(json.headers["retry-after"]);
      expect(seconds).to.be.within(590, 600).and.equal(retryAfterSeconds);
      expect(json.headers["ratelimit-policy"]).to.equal('"ip";q=3;w=600');
      expect(json.headers["ratelimit"]).to.equal(`"ip";r=0;t=${seconds}`);
    });

    it("answers the form with 429, when to try again, and the form kept", async () => {
      const page = await foyer.registerByForm("kept@example.com");
      expect([page.status, page.headers["ratelimit-policy"]]).to.deep.equal([429, '"ip";q=3;w=600']);
      expect(page.text).to.include("Try again in 10 minutes").and.include('value="kept@example.com"');
    });

    it("answers tRPC with TOO_MANY_REQUESTS and rate_limited, and nothing more", async () => {
      const trpc = await foyer.http.post("/trpc/auth.register").send(account());
      const { data } = trpc.body.error;
      expect([trpc.status, data.code, data.refusal.code]).to.deep.equal([429, "TOO_MANY_REQUESTS", "rate_limited"]);
      expect(data.refusal.retryAfterSeconds).to.be.within(590, 600);
      expect(data).to.have.all.keys("httpStatus", "code", "path", "refusal");
      expect(data.refusal).to.have.all.keys("code", "retryAfterSeconds");
      expect(Number(trpc.headers["retry-after"])).to.be.within(590, 600);
    });

    it("still shows the form", async () => {
      expect((await foyer.http.get("/register")).status).to.equal(200);
    });
  });

  it("count each call of a batch", async () => {
    foyer = await startFoyer({ rateLimits: { ...NO_LIMIT, perIp: FEW } });
    const calls = Array.from({ length: 5 }, () =>
      foyer.client.auth.register.mutate(account()).then(
        () => "ok",
        (error: unknown) => isFoyerError(error) && error.data?.refusal?.code,
      ),
    );
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter((outcome) => outcome === "rate_limited")).to.have.length(2);
    expect(await foyer.users()).to.have.length(3);
  });

  it("tell a batch the longest of the waits that its calls have", async () => {
    const [short, long] = [
      { count: 1, seconds: 60 },
      { count: 1, seconds: 600 },
    ];
    foyer = await startFoyer({ rateLimits: { ...NO_LIMIT, perEmail: long, total: short } });
    const [known, fresh] = [account(), account()];
    const calls = [known, fresh, known, known];
    const answer = await foyer.http
      .post(`/trpc/${calls.map(() => "auth.register").join(",")}?batch=1`)
      .send({ ...calls });
    const codes = answer.body.map(({ error }: Answer) => error?.data.refusal.code);
    expect(codes).to.deep.equal([undefined, "rate_limited", "email_taken", "rate_limited"]);
    expect(answer.headers["ratelimit-policy"]).to.equal('"email";q=1;w=600');
    expect(Number(answer.headers["retry-after"])).to.be.within(590, 600);
  });

  it("count attempts for known e-mail addresses too, so that nobody can ask about very many", async () => {
    foyer = await startFoyer({ rateLimits: { ...NO_LIMIT, perIp: FEW } });
    const known = account();
    const codes: string[] = [];
    for (let n = 0; n < 4; n += 1) codes.push((await foyer.register(known.email)).body.code);
    expect(codes).to.deep.equal([undefined, "email_taken", "email_taken", "rate_limited"]);
  });

  it("end when their time is over", async () => {
    foyer = await startFoyer({
      rateLimits: { ...NO_LIMIT, perIp: { count: 1, seconds: 1 } },
    });
    const statuses = [(await foyer.register(account().email)).status, (await foyer.register(account().email)).status];
    await setTimeout(1100);
    statuses.push((await foyer.register(account().email)).status);
    expect(statuses).to.deep.equal([201, 429, 201]);
  });

  it("do not believe a forwarding header where no proxy is trusted, and say once that one came", async () => {
    foyer = await startFoyer({ rateLimits: { ...NO_LIMIT, perIp: FEW } });
    expect((await foyer.http.get("/readyz")).body).to.deep.equal({ status: "ready", warnings: [] });
    const statuses: number[] = [];
    for (let n = 0; n < 4; n += 1) statuses.push((await from(`192.0.2.${n}`)).status);
    expect(statuses).to.deep.equal([201, 201, 201, 429]);
    expect(foyer.logged().match(/set TRUST_PROXY/g)).to.have.length(1);
    expect((await foyer.http.get("/readyz")).body.warnings.join()).to.include("set TRUST_PROXY");
  });

  it("notice the standard forwarding header as well", async () => {
    foyer = await startFoyer();
    await foyer.http.get("/register").set("Forwarded", "for=192.0.2.1");
    expect((await foyer.http.get("/readyz")).body.warnings).to.have.length(1);
  });

  it("count the IP address that the trusted proxy names, whatever stands before it", async () => {
    foyer = await startFoyer({
      trustProxy: "loopback",
      rateLimits: { ...NO_LIMIT, perIp: { count: 1, seconds: 600 } },
    });
    const statuses: number[] = [];
    for (const forwarded of [
      "192.0.2.1",
      "198.51.100.9, 192.0.2.1",
      "192.0.2.2",
      "2001:db8:0:1::1",
      "2001:db8:0:1:ffff::2",
      "2001:db8:0:2::1",
    ]) {
      statuses.push((await from(forwarded)).status);
    }
    expect(statuses).to.deep.equal([201, 429, 201, 201, 429, 201]);
    expect(foyer.logged()).not.to.include("TRUST_PROXY");
  });

  it("refuse attempts for one e-mail address wherever they come from, and leave each network one of its own", async () => {
    foyer = await startFoyer({
      trustProxy: "loopback",
      rateLimits: { ...NO_LIMIT, perEmail: { count: 2, seconds: 600 } },
    });
    const victim = { email: "victim@example.com", password: PASSWORD };
    const codes: string[] = [];
    const spellings = ["victim@example.com", "VICTIM@Example.com"];
    for (const [n, email] of [...spellings, ...spellings, ...spellings].entries()) {
      codes.push((await from(`192.0.2.${n < 4 ? 1 : n}`, { ...victim, email })).body.code);
    }
    // Two for all, then one for each network.
    expect(codes).to.deep.equal([
      undefined,
      "email_taken",
      "email_taken",
      "rate_limited",
      "email_taken",
      "email_taken",
    ]);
    const refused = await from("192.0.2.1", victim);
    expect(refused.headers["ratelimit-policy"]).to.equal('"email";q=1;w=600');
    expect((await from("192.0.2.1")).status).to.equal(201);
  });

  it("count emails to a mailbox when they are sent, and nothing else", async () => {
    const one = { count: 1, seconds: 600 };
    foyer = await startFoyer({
      trustProxy: "loopback",
      rateLimits: { ...NO_LIMIT, perMailbox: { count: 2, seconds: 600 }, total: one },
    });
    for (let n = 0; n < 10; n += 1) {
      expect((await foyer.resend("alice@example.com")).status, "one email a minute").to.equal(202);
    }
    // The total is spent by another, so these cause no email, wherever they come from.
    expect((await from("192.0.2.1")).status).to.equal(201);
    const alice = { email: "alice@example.com", password: PASSWORD };
    for (let n = 0; n < 10; n += 1) {
      expect((await from(`192.0.2.${n % 3}`, alice)).headers["ratelimit-policy"]).to.equal('"total";q=1;w=600');
    }
  });

  it("refuse what exceeds the total, wherever attempts come from", async () => {
    foyer = await startFoyer({
      trustProxy: "loopback",
      rateLimits: { ...NO_LIMIT, total: { count: 2, seconds: 60 } },
    });
    const statuses = [
      (await from("192.0.2.1")).status,
      (await from("192.0.2.2")).status,
      (await from("192.0.2.3")).status,
    ];
    expect(statuses).to.deep.equal([201, 201, 429]);
  });

  it("give a network its attempt at an e-mail address back where the total refused it", async () => {
    const one = { count: 1, seconds: 600 };
    foyer = await startFoyer({
      trustProxy: "loopback",
      rateLimits: { ...NO_LIMIT, perEmail: one, total: one },
    });
    expect((await from("192.0.2.1")).status).to.equal(201);
    const victim = { email: "victim@example.com", password: PASSWORD };
    const refusedBy: unknown[] = [];
    for (const ip of ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.2"]) {
      refusedBy.push((await from(ip, victim)).headers["ratelimit-policy"]);
    }
    expect(refusedBy).to.deep.equal(Array(4).fill('"total";q=1;w=600'));
  });

  it("answer 500 where they cannot be counted, rather than being silently off", async () => {
    foyer = await startFoyer({ rateLimits: NO_LIMIT });
    await foyer.withoutTable("rate_limits");
    expect((await foyer.register(account().email)).status).to.equal(500);
    expect(foyer.logged()).to.include("rate_limits");
  });

  it("count where the queue is full too, so that nobody learns more by filling it", async () => {
    foyer = await startFoyer({
      bcryptCost: 12,
      hashConcurrency: 1,
      hashMaxWaitSeconds: 1,
      rateLimits: { ...NO_LIMIT, perIp: { count: 20, seconds: 600 } },
    });
    const answers = await Promise.all(Array.from({ length: 40 }, () => foyer.register(account().email)));
    const codes = answers.map(({ body }) => body.code);
    expect(codes.filter((code) => code === "rate_limited")).to.have.length(20);
    expect(codes.filter((code) => code === "busy").length).to.be.at.least(5);
  });

  it("keep no e-mail address in their table, which is unlogged", async () => {
    foyer = await startFoyer({ rateLimits: { ...NO_LIMIT, perIp: FEW, perEmail: FEW } });
    await foyer.register("someone@example.com");
    const rows = await foyer.rows("rate_limits");
    expect(rows).to.have.length(4);
    expect(JSON.stringify(rows)).not.to.include("someone");
    const [table] = (await foyer.rows("pg_class")).filter(({ relname }) => relname === "rate_limits");
    expect(table?.["relpersistence"], "unlogged").to.equal("u");
  });

  it("are shared by the instances on one database", async function () {
    foyer = await startFoyer({ rateLimits: { ...NO_LIMIT, perIp: FEW } });
    if (!postgresUrl) return this.skip();
    const other = await foyer.another();
    const statuses: number[] = [];
    for (const instance of [foyer, other, foyer, other, foyer]) {
      statuses.push((await instance.http.post("/register").send(account())).status);
    }
    await other.stop();
    expect(statuses).to.deep.equal([201, 201, 201, 429, 429]);
  });
});
