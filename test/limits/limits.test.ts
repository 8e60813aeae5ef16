import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { isFoyerError } from "../../src/client.ts";
import { postgresUrl } from "../support/database.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { NO_LIMIT } from "../support/limits.ts";
import { waitFor } from "../support/wait-for.ts";

const FEW = { count: 3, seconds: 600 };

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
      // An attempt by each transport counts, and so does invalid input.
      expect((await foyer.http.post("/register").send({ email: "no", password: "no" })).status).to.equal(400);
      expect((await foyer.registerByForm(account().email)).status).to.equal(303);
      await foyer.client.auth.register.mutate(account());
      hashed = await hashes();
    });
    afterEach(async () => expect(await hashes(), "nothing is hashed for a refused attempt").to.equal(hashed));

    it("answers JSON with 429 rate_limited, when to try again, and which limit it was", async () => {
      const json = await foyer.register(account().email);
      const { retryAfterSeconds } = expectProblem(json, 429, "rate_limited");
      const seconds = Number(json.headers["retry-after"]);
      expect(seconds).to.be.within(541, 600).and.equal(retryAfterSeconds);
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
      expect(data.refusal.retryAfterSeconds).to.be.within(541, 600);
      expect(data).to.have.all.keys("httpStatus", "code", "path", "refusal");
      expect(data.refusal).to.have.all.keys("code", "retryAfterSeconds");
      expect(Number(trpc.headers["retry-after"])).to.be.within(541, 600);
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
    expect(codes).to.deep.equal([undefined, "rate_limited", "rate_limited", "rate_limited"]);
    expect(answer.headers["ratelimit-policy"]).to.equal('"email";q=1;w=600');
    expect(Number(answer.headers["retry-after"])).to.be.within(541, 600);
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
      rateLimits: { ...NO_LIMIT, perIp: { count: 1, seconds: 2 } },
    });
    // At once, so that the time of the first is not over before the second comes.
    const answers = await Promise.all([foyer.register(account().email), foyer.register(account().email)]);
    expect(answers.map(({ status }) => status).toSorted()).to.deep.equal([201, 429]);
    await setTimeout(2100);
    expect((await foyer.register(account().email)).status).to.equal(201);
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

  it("refuse attempts of one network at one e-mail address, however it is spelled, and no other's", async () => {
    foyer = await startFoyer({
      trustProxy: "loopback",
      rateLimits: { ...NO_LIMIT, perEmail: { count: 2, seconds: 600 } },
    });
    const victim = { email: "victim@example.com", password: PASSWORD };
    const codes: string[] = [];
    for (const [ip, email] of [
      ["192.0.2.1", "victim@example.com"],
      ["192.0.2.1", "VICTIM@Example.com"],
      ["192.0.2.1", "victim@example.com"],
      ["192.0.2.2", "victim@example.com"],
      ["192.0.2.2", "victim@example.com"],
    ] as const) {
      codes.push((await from(ip, { ...victim, email })).body.code);
    }
    expect(codes).to.deep.equal([undefined, "email_taken", "rate_limited", "email_taken", "email_taken"]);
    expect((await from("192.0.2.1", victim)).headers["ratelimit-policy"]).to.equal('"email";q=2;w=600');
    expect((await from("192.0.2.1")).status).to.equal(201);
  });

  it("count a /64, its /56 and its /48, which have four and sixteen times its attempts", async () => {
    foyer = await startFoyer({
      trustProxy: "loopback",
      rateLimits: { ...NO_LIMIT, perIp: { count: 1, seconds: 600 } },
    });
    const statuses: Record<string, number> = {};
    const ips = Array.from(
      { length: 24 },
      (_, n) => `2001:db8:1:${(0x100 * Math.floor(n / 5) + (n % 5)).toString(16)}::1`,
    );
    for (const ip of ips) statuses[ip] = (await from(ip, { email: "no" })).status;
    // The fifth /64 of each /56 is refused; four /56 have used up the /48.
    expect(Object.values(statuses)).to.deep.equal([
      ...Array.from({ length: 4 }, () => [400, 400, 400, 400, 429]).flat(),
      ...Array(4).fill(429),
    ]);
    expect((await from("2001:db8:2::1", { email: "no" })).status).to.equal(400);
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

  it("do not count in total what got no hash, such as those who hang up while they wait for one", async () => {
    foyer = await startFoyer({
      trustProxy: "loopback",
      bcryptCost: 13,
      hashConcurrency: 1,
      hashMaxWaitSeconds: 60,
      rateLimits: { ...NO_LIMIT, total: { count: 7, seconds: 600 } },
    });
    const spent = async (points: number) => {
      const total = (await foyer.rows("rate_limits")).find(({ key }) => key === "total:all");
      return total?.["points"] === points || undefined;
    };
    // The thread has to be busy, on a slow machine too, until the others wait and have hung up.
    const hashed = Array.from({ length: 5 }, (_, n) => from(`192.0.2.${n}`).then(({ status }) => status));
    await waitFor(() => spent(5));
    const waiting = ["198.51.100.1", "198.51.100.2"].map((ip) => from(ip));
    for (const request of waiting) request.end(() => {});
    await waitFor(() => spent(7));
    for (const request of waiting) request.abort();
    await waitFor(() => spent(5));
    expect((await from("198.51.100.3")).status).to.equal(201);
    expect(await Promise.all(hashed)).to.deep.equal(Array(5).fill(201));
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
    expect(rows).to.have.length(3);
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
