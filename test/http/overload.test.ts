import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

const PASSWORD = "secret123";

describe("more registrations than can be hashed", () => {
  let foyer: TestFoyer;
  async function start(hashMaxWaitSeconds: number) {
    foyer = await startFoyer({ bcryptCost: 12, hashConcurrency: 1, hashMaxWaitSeconds });
  }
  afterEach(() => foyer.stop());

  function register(email: string) {
    return foyer.http.post("/register").send({ email, password: PASSWORD });
  }

  async function metric(line: string) {
    const { text } = await foyer.http.get("/metrics");
    const found = text.split("\n").find((candidate) => candidate.startsWith(`${line} `));
    return Number(found?.split(" ").at(-1) ?? 0);
  }

  /** Fills the line for longer than a test asks. */
  async function fill(count = 40) {
    const answers = Array.from({ length: count }, (_, n) => register(`n${n}@example.com`).then((answer) => answer));
    while ((await metric('foyer_registrations_total{outcome="busy"}')) === 0) await setTimeout(10);
    return answers;
  }

  it("are refused at once by every door, with a time to come back, and the others served within the bound", async () => {
    await start(2);
    const started = performance.now();
    const running = await fill();
    const [json, page, trpc] = await Promise.all([
      register("json@example.com"),
      foyer.http.post("/register").type("form").send({ email: "page@example.com", password: PASSWORD }),
      foyer.client.auth.register.mutate({ email: "trpc@example.com", password: PASSWORD }).catch((error) => error.data),
    ]);
    expect([json.status, json.body.code, page.status, trpc.httpStatus, trpc.code]).to.deep.equal([503, "busy", 503, 503, "busy"]);
    for (const seconds of [json.headers["retry-after"], page.headers["retry-after"], trpc.retryAfterSeconds]) {
      expect(Number(seconds)).to.be.at.least(1).and.satisfy(Number.isInteger);
    }
    expect(page.text).to.include("Very many people are signing up").and.include('value="page@example.com"');

    const answers = await Promise.all(running);
    const accepted = answers.filter(({ status }) => status === 201);
    expect(accepted.length).to.be.at.least(1);
    expect(answers.filter(({ status }) => status === 503)).to.have.length(40 - accepted.length);
    // Generous: the machine may be slower now than when the wait was foretold.
    expect(performance.now() - started).to.be.below(20_000);
    expect(await foyer.users()).to.have.length(accepted.length);
  });

  it("are told to come back one after another", async () => {
    await start(1);
    const refused = (await Promise.all(await fill())).filter(({ status }) => status === 503);
    const seconds = refused.map(({ headers }) => Number(headers["retry-after"]));
    expect(new Set(seconds).size).to.be.at.least(2);
    expect(Math.min(...seconds)).to.be.at.least(1);
    expect(Math.max(...seconds)).to.be.at.most(30);
  });

  it("take one hash where all ask for one address, and none of them is told to come back", async () => {
    await start(1);
    const answers = await Promise.all(Array.from({ length: 50 }, () => register("same@example.com").then(({ status }) => status)));
    expect(answers.toSorted()).to.deep.equal([201, ...Array(49).fill(400)]);
    expect(await metric("foyer_hash_duration_seconds_count")).to.equal(1);
  });

  it("take one hash for an address, even where the first who asked for it went away", async () => {
    await start(6000);
    const running = Array.from({ length: 3 }, (_, n) => register(`before${n}@example.com`).then(({ status }) => status));
    const first = new AbortController();
    const ask = (init: RequestInit = {}) =>
      fetch(`${foyer.url}/register`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ email: "wanted@example.com", password: PASSWORD }),
        ...init,
      }).then(({ status }) => status);
    const gone = ask({ signal: first.signal }).catch(() => "gone");
    while ((await metric("foyer_hash_queue_length")) < 4) await setTimeout(5);
    const others = Array.from({ length: 6 }, () => ask());
    await setTimeout(50);
    first.abort();
    expect(await gone).to.equal("gone");
    expect((await Promise.all(others)).toSorted()).to.deep.equal([201, 400, 400, 400, 400, 400]);
    await Promise.all(running);
    expect(await metric("foyer_hash_duration_seconds_count")).to.equal(4);
  });

  it("are not made of many who ask for known addresses", async () => {
    await start(1);
    expect((await register("known@example.com")).status).to.equal(201);
    const duplicates = Array.from({ length: 60 }, () => register("known@example.com").then(({ status }) => status));
    expect((await register("new@example.com")).status).to.equal(201);
    expect(await Promise.all(duplicates)).to.deep.equal(Array(60).fill(400));
  });

  it("are not hashed for a client that pipelined them and went away, and each has its line in the log", async () => {
    await start(6000);
    const body = (n: number) => JSON.stringify({ email: `piped${n}@example.com`, password: PASSWORD });
    const request = (n: number) =>
      `POST /register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body(n).length}\r\n\r\n${body(n)}`;
    const socket = connect(Number(new URL(foyer.url).port), "127.0.0.1");
    socket.write(Array.from({ length: 8 }, (_, n) => request(n)).join(""));
    while ((await metric("foyer_hash_queue_length")) < 8) await setTimeout(5);
    socket.destroy();
    expect((await register("stays@example.com")).status).to.equal(201);
    expect((await foyer.users()).length).to.be.at.most(3);
    expect(foyer.logged().match(/"status":499/g)).to.have.length(8);
  });

  it("neither refuse nor delay what needs no hash", async () => {
    await start(2);
    expect((await register("known@example.com")).status).to.equal(201);
    const running = await fill();
    const started = performance.now();
    const duplicate = await register("KNOWN@example.com");
    const invalid = await register("nobody");
    expect((await foyer.http.get("/register")).status).to.equal(200);
    expect(performance.now() - started).to.be.below(1900);
    expect([duplicate.status, duplicate.body.code]).to.deep.equal([400, "email_taken"]);
    expect([invalid.status, invalid.body.code]).to.deep.equal([400, "invalid_input"]);
    await Promise.all(running);
  });

  it("are not hashed for those who have gone away", async () => {
    await start(6000);
    const controller = new AbortController();
    const body = (n: number) => JSON.stringify({ email: `gone${n}@example.com`, password: PASSWORD });
    const leaving = Array.from({ length: 6 }, (_, n) =>
      fetch(`${foyer.url}/register`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: body(n),
        signal: controller.signal,
      }).catch(() => undefined),
    );
    while ((await metric("foyer_hash_queue_length")) < 6) await setTimeout(5);
    controller.abort();
    await Promise.all(leaving);
    expect((await register("stays@example.com")).status).to.equal(201);
    expect(await metric('foyer_hash_refusals_total{reason="left"}')).to.be.at.least(4);
    expect((await foyer.users()).length).to.be.at.most(3);
  });

  it("take no more places for a batch than for one person", async () => {
    await start(6000);
    const batch = Array.from({ length: 8 }, (_, n) =>
      foyer.client.auth.register.mutate({ email: `b${n}@example.com`, password: PASSWORD }),
    );
    while ((await metric("foyer_hash_queue_length")) === 0) await setTimeout(5);
    const lengths: number[] = [];
    const one = register("one@example.com").then(({ status }) => status);
    for (let n = 0; n < 20; n += 1) {
      lengths.push(await metric("foyer_hash_queue_length"));
      await setTimeout(20);
    }
    expect(await one).to.equal(201);
    expect(Math.max(...lengths)).to.be.at.most(2);
    await Promise.all(batch);
  });
});

describe("the metrics", () => {
  it("tell of hashes, registrations and requests", async () => {
    const foyer = await startFoyer();
    const account = { email: "alice@example.com", password: PASSWORD };
    await foyer.http.post("/register").send(account);
    await foyer.http.post("/register").send(account);
    await foyer.http.post("/register").send({});
    await foyer.http.get("/unknown/path");
    const { text, type } = await foyer.http.get("/metrics");
    expect(type).to.equal("text/plain");
    for (const line of [
      "foyer_hash_duration_seconds_count 2",
      "foyer_hash_queue_length 0",
      'foyer_registrations_total{outcome="registered"} 1',
      'foyer_registrations_total{outcome="email_taken"} 1',
      'foyer_registrations_total{outcome="invalid_input"} 1',
      'http_request_duration_seconds_count{method="POST",route="/register",status="400"} 2',
      'http_request_duration_seconds_count{method="GET",route="(none)",status="404"} 1',
    ]) {
      expect(text).to.include(line);
    }
    expect(text).to.include("process_cpu_seconds_total").and.include("nodejs_eventloop_lag_seconds");
    await foyer.stop();
  });

  it("can be kept from the public", async () => {
    const foyer = await startFoyer({ metricsPort: 0 });
    expect((await foyer.http.get("/metrics")).status).to.equal(404);
    await foyer.stop();
  });
});
