import { expect } from "chai";
import { postgresUrl } from "../support/database.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

const PASSWORD = "secret123";
const MANY = { count: 1000, seconds: 600 };
const FEW = { count: 3, seconds: 600 };

describe("the limits", () => {
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

  it("count attempts from an address through every door, refuse what is more, and hash nothing for it", async () => {
    foyer = await startFoyer({ rateLimits: { perAddress: FEW, perEmail: MANY, perMailbox: MANY, total: MANY } });
    expect((await foyer.http.post("/register").send({ email: "no", password: "no" })).status).to.equal(400);
    expect((await foyer.http.post("/register").send(account())).status).to.equal(201);
    expect((await foyer.http.post("/register").type("form").send(account())).status).to.equal(303);
    await foyer.client.auth.register.mutate(account());

    const hashed = await hashes();
    const json = await foyer.http.post("/register").send(account());
    expect([json.status, json.body.code]).to.deep.equal([429, "rate_limited"]);
    const seconds = Number(json.headers["retry-after"]);
    expect(seconds).to.be.within(590, 600);
    expect(json.headers["ratelimit-policy"]).to.equal('"address";q=3;w=600');
    expect(json.headers["ratelimit"]).to.equal(`"address";r=0;t=${seconds}`);

    const page = await foyer.http.post("/register").type("form").send({ email: "kept@example.com", password: PASSWORD });
    expect([page.status, page.headers["ratelimit-policy"]]).to.deep.equal([429, '"address";q=3;w=600']);
    expect(page.text).to.include("Please try again in 10 minutes").and.include('value="kept@example.com"');

    const trpc = await foyer.http.post("/trpc/auth.register").send(account());
    expect([trpc.status, trpc.body.error.data.code]).to.deep.equal([429, "rate_limited"]);
    expect(trpc.body.error.data.retryAfterSeconds).to.be.within(590, 600);
    expect(trpc.body.error.data).to.have.all.keys("httpStatus", "code", "retryAfterSeconds");
    expect(Number(trpc.headers["retry-after"])).to.be.within(590, 600);

    expect(await hashes()).to.equal(hashed);
    expect((await foyer.http.get("/register")).status).to.equal(200);
  });

  it("count each call of a batch", async () => {
    foyer = await startFoyer({ rateLimits: { perAddress: FEW, perEmail: MANY, perMailbox: MANY, total: MANY } });
    const calls = Array.from({ length: 5 }, () => foyer.client.auth.register.mutate(account()).catch(({ data }) => data.code));
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter((outcome) => outcome === "rate_limited")).to.have.length(2);
    expect(await foyer.users()).to.have.length(3);
  });

  it("tell a batch the longest of the waits that its calls have", async () => {
    const [short, long] = [
      { count: 1, seconds: 60 },
      { count: 1, seconds: 600 },
    ];
    foyer = await startFoyer({ rateLimits: { perAddress: MANY, perEmail: long, perMailbox: MANY, total: short } });
    const [known, fresh] = [account(), account()];
    const calls = [known, fresh, known, known];
    const answer = await foyer.http.post(`/trpc/${calls.map(() => "auth.register").join(",")}?batch=1`).send({ ...calls });
    const codes = answer.body.map(({ error }: { error?: { data: { code: string } } }) => error?.data.code);
    expect(codes).to.deep.equal([undefined, "rate_limited", "email_taken", "rate_limited"]);
    expect(answer.headers["ratelimit-policy"]).to.equal('"email";q=1;w=600');
    expect(Number(answer.headers["retry-after"])).to.be.within(590, 600);
  });

  it("count known addresses too, so that nobody can ask for very many", async () => {
    foyer = await startFoyer({ rateLimits: { perAddress: FEW, perEmail: MANY, perMailbox: MANY, total: MANY } });
    const known = account();
    const codes: string[] = [];
    for (let n = 0; n < 4; n += 1) codes.push((await foyer.http.post("/register").send(known)).body.code);
    expect(codes).to.deep.equal([undefined, "email_taken", "email_taken", "rate_limited"]);
  });

  it("are over when their time is", async () => {
    foyer = await startFoyer({ rateLimits: { perAddress: { count: 1, seconds: 1 }, perEmail: MANY, perMailbox: MANY, total: MANY } });
    const statuses = [
      (await foyer.http.post("/register").send(account())).status,
      (await foyer.http.post("/register").send(account())).status,
    ];
    await new Promise((resolve) => setTimeout(resolve, 1100));
    statuses.push((await foyer.http.post("/register").send(account())).status);
    expect(statuses).to.deep.equal([201, 429, 201]);
  });

  it("do not believe a forwarding header where no proxy is trusted, and say once that one came", async () => {
    foyer = await startFoyer({ rateLimits: { perAddress: FEW, perEmail: MANY, perMailbox: MANY, total: MANY } });
    expect((await foyer.http.get("/readyz")).body).to.deep.equal({ status: "ready", remarks: [] });
    const statuses: number[] = [];
    for (let n = 0; n < 4; n += 1) statuses.push((await from(`192.0.2.${n}`)).status);
    expect(statuses).to.deep.equal([201, 201, 201, 429]);
    expect(foyer.logged().match(/until TRUST_PROXY is set/g)).to.have.length(1);
    expect((await foyer.http.get("/readyz")).body.remarks.join()).to.include("until TRUST_PROXY is set");
  });

  it("notice the standard forwarding header as well", async () => {
    foyer = await startFoyer();
    await foyer.http.get("/register").set("Forwarded", "for=192.0.2.1");
    expect((await foyer.http.get("/readyz")).body.remarks).to.have.length(1);
  });

  it("take the address that the trusted proxy names, whatever stands before it", async () => {
    foyer = await startFoyer({
      trustProxy: "loopback",
      rateLimits: { perAddress: { count: 1, seconds: 600 }, perEmail: MANY, perMailbox: MANY, total: MANY },
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

  it("of an e-mail address hold wherever attempts come from, and leave its owner one of their own", async () => {
    foyer = await startFoyer({
      trustProxy: "loopback",
      rateLimits: { perAddress: MANY, perEmail: { count: 2, seconds: 600 }, perMailbox: MANY, total: MANY },
    });
    const victim = { email: "victim@example.com", password: PASSWORD };
    const codes: string[] = [];
    const spellings = ["victim@example.com", "VICTIM@Example.com"];
    for (const [n, email] of [...spellings, ...spellings, ...spellings].entries()) {
      codes.push((await from(`192.0.2.${n < 4 ? 1 : n}`, { ...victim, email })).body.code);
    }
    // Two for all, then one for each network.
    expect(codes).to.deep.equal([undefined, "email_taken", "email_taken", "rate_limited", "email_taken", "email_taken"]);
    const refused = await from("192.0.2.1", victim);
    expect(refused.headers["ratelimit-policy"]).to.equal('"email";q=1;w=600');
    expect((await from("192.0.2.1")).status).to.equal(201);
  });

  it("of mails to a mailbox are spent by mails that are sent, and by nothing else", async () => {
    const one = { count: 1, seconds: 600 };
    foyer = await startFoyer({
      trustProxy: "loopback",
      rateLimits: { perAddress: MANY, perEmail: MANY, perMailbox: { count: 2, seconds: 600 }, total: one },
    });
    const resend = () => foyer.http.post("/verify/resend").send({ email: "alice@example.com" });
    for (let n = 0; n < 10; n += 1) expect((await resend()).status, "one mail a minute").to.equal(202);
    // The total is spent by another, so these cause no mail, wherever they come from.
    expect((await from("192.0.2.1")).status).to.equal(201);
    const alice = { email: "alice@example.com", password: PASSWORD };
    for (let n = 0; n < 10; n += 1) {
      expect((await from(`192.0.2.${n % 3}`, alice)).headers["ratelimit-policy"]).to.equal('"total";q=1;w=600');
    }
  });

  it("hold in total", async () => {
    foyer = await startFoyer({
      trustProxy: "loopback",
      rateLimits: { perAddress: MANY, perEmail: MANY, perMailbox: MANY, total: { count: 2, seconds: 60 } },
    });
    const statuses = [(await from("192.0.2.1")).status, (await from("192.0.2.2")).status, (await from("192.0.2.3")).status];
    expect(statuses).to.deep.equal([201, 201, 429]);
  });

  it("do not take an owner's own attempt for one that came to nothing", async () => {
    const one = { count: 1, seconds: 600 };
    foyer = await startFoyer({ trustProxy: "loopback", rateLimits: { perAddress: MANY, perEmail: one, perMailbox: MANY, total: one } });
    expect((await from("192.0.2.1")).status).to.equal(201);
    const victim = { email: "victim@example.com", password: PASSWORD };
    const refusedBy: unknown[] = [];
    for (const ip of ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.2"]) {
      refusedBy.push((await from(ip, victim)).headers["ratelimit-policy"]);
    }
    expect(refusedBy).to.deep.equal(Array(4).fill('"total";q=1;w=600'));
  });

  it("are a fault where they cannot be counted, not silently off", async () => {
    foyer = await startFoyer({ rateLimits: { perAddress: MANY, perEmail: MANY, perMailbox: MANY, total: MANY } });
    await foyer.withoutTable("rate_limits");
    expect((await foyer.http.post("/register").send(account())).status).to.equal(500);
    expect(foyer.logged()).to.include("rate_limits");
  });

  it("count where there is no room either, so that nobody learns more by filling it", async () => {
    foyer = await startFoyer({
      bcryptCost: 12,
      hashConcurrency: 1,
      hashMaxWaitSeconds: 1,
      rateLimits: { perAddress: { count: 20, seconds: 600 }, perEmail: MANY, perMailbox: MANY, total: MANY },
    });
    const answers = await Promise.all(Array.from({ length: 40 }, () => foyer.http.post("/register").send(account())));
    const codes = answers.map(({ body }) => body.code);
    expect(codes.filter((code) => code === "rate_limited")).to.have.length(20);
    expect(codes.filter((code) => code === "busy").length).to.be.at.least(5);
  });

  it("keep no e-mail address in their table", async () => {
    foyer = await startFoyer({ rateLimits: { perAddress: FEW, perEmail: FEW, perMailbox: MANY, total: MANY } });
    await foyer.http.post("/register").send({ email: "someone@example.com", password: PASSWORD });
    const rows = await foyer.rows("rate_limits");
    expect(rows).to.have.length(4);
    expect(JSON.stringify(rows)).not.to.include("someone");
    const [table] = (await foyer.rows("pg_class")).filter(({ relname }) => relname === "rate_limits");
    expect(table?.["relpersistence"], "unlogged").to.equal("u");
  });

  it("are shared by the instances on one database", async function () {
    foyer = await startFoyer({ rateLimits: { perAddress: FEW, perEmail: MANY, perMailbox: MANY, total: MANY } });
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
