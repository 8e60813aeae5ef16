import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { expectProblem } from "../support/expect-problem.ts";
import { failure } from "../support/failure.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";

const BUSY = 'foyer_procedure_calls_total{procedure="auth.register",outcome="busy"}';

/** A request as fetch sends it, which can be aborted. */
function json(email: string, signal?: AbortSignal): RequestInit {
  return {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email, password: PASSWORD }),
    ...(signal && { signal }),
  };
}

describe("auth.register when more ask than can be hashed", () => {
  let foyer: TestFoyer;
  async function start(hashMaxWaitSeconds: number, bcryptCost = 12) {
    foyer = await startFoyer({ bcryptCost, hashConcurrency: 1, hashMaxWaitSeconds });
  }
  afterEach(() => foyer.stop());

  /** Sends at once, and gives the status. */
  function status(email: string) {
    return foyer.register(email).then(({ status }) => status);
  }

  async function metric(line: string) {
    const { text } = await foyer.http.get("/metrics");
    const found = text.split("\n").find((candidate) => candidate.startsWith(`${line} `));
    return Number(found?.split(" ").at(-1) ?? 0);
  }

  /** Resolves when so many wait or are being hashed. */
  async function queued(count: number) {
    while ((await metric("foyer_hash_queue_length")) < count) await setTimeout(5);
  }

  /** Fills the queue for longer than a test asks. */
  async function fill(count = 40) {
    const answers = Array.from({ length: count }, (_, n) =>
      foyer.register(`n${n}@example.com`).then((answer) => answer),
    );
    while ((await metric(BUSY)) === 0) await setTimeout(10);
    return answers;
  }

  it("refuses at once with busy and a time to come back, by JSON, page and tRPC, and serves the others in time", async () => {
    await start(2);
    const started = performance.now();
    const running = await fill();
    // A place may become free meanwhile, but not one for each of so many.
    const some = [1, 2, 3, 4, 5];
    const [jsons, pages, trpcs] = await Promise.all([
      Promise.all(some.map((n) => foyer.register(`json${n}@example.com`))),
      Promise.all(some.map((n) => foyer.registerByForm(`page${n}@example.com`))),
      Promise.allSettled(
        some.map((n) => foyer.client.auth.register.mutate({ email: `trpc${n}@example.com`, password: PASSWORD })),
      ),
    ]);
    const [json, page] = [jsons, pages].map((answers) => answers.find(({ status }) => status === 503));
    const [refused] = trpcs.flatMap((call) => (call.status === "rejected" ? [call.reason] : []));
    if (!json || !page || !refused) return expect.fail("not all were refused");
    const { retryAfterSeconds } = expectProblem(json, 503, "busy");
    const { httpStatus, code, refusal } = (await failure(Promise.reject(refused))).data ?? {};
    expect([httpStatus, code, refusal?.code]).to.deep.equal([503, "SERVICE_UNAVAILABLE", "busy"]);
    expect(json.headers["retry-after"]).to.equal(String(retryAfterSeconds));
    const inRefusal = refusal && "retryAfterSeconds" in refusal ? refusal.retryAfterSeconds : undefined;
    for (const seconds of [retryAfterSeconds, page.headers["retry-after"], inRefusal]) {
      expect(Number(seconds)).to.be.at.least(1).and.satisfy(Number.isInteger);
    }
    expect(page.text)
      .to.include("The service is busy")
      .and.match(/value="page\d@example.com"/);

    const answers = await Promise.all(running);
    const accepted = answers.filter(({ status }) => status === 201);
    expect(accepted.length).to.be.at.least(1);
    expect(answers.filter(({ status }) => status === 503)).to.have.length(40 - accepted.length);
    // Generous: the machine may be slower now than when the wait was estimated.
    expect(performance.now() - started).to.be.below(20_000);
    const others = [...jsons, ...pages].filter(({ status }) => status !== 503);
    const registered = accepted.length + others.length + trpcs.filter(({ status }) => status === "fulfilled").length;
    expect(await foyer.users()).to.have.length(registered);
  });

  it("tells those it refuses to come back one after another", async () => {
    await start(1);
    const refused = (await Promise.all(await fill())).filter(({ status }) => status === 503);
    const seconds = refused.map(({ headers }) => Number(headers["retry-after"]));
    expect(new Set(seconds).size).to.be.at.least(2);
    expect(Math.min(...seconds)).to.be.at.least(1);
    expect(Math.max(...seconds)).to.be.at.most(30);
  });

  it("takes one hash where all ask for one address, and tells none of them to come back", async () => {
    // Longer than one hash takes on a machine that is busy, and shorter than fifty do on any.
    await start(4);
    const answers = await Promise.all(Array.from({ length: 50 }, () => status("same@example.com")));
    expect(answers.toSorted()).to.deep.equal([201, ...Array(49).fill(400)]);
    expect(await metric("foyer_hash_duration_seconds_count")).to.equal(1);
  });

  it("takes one hash for an address even where the first who asked for it went away", async () => {
    await start(6000, 13);
    const running = Array.from({ length: 3 }, (_, n) => status(`before${n}@example.com`));
    const first = new AbortController();
    const ask = (signal?: AbortSignal) =>
      fetch(`${foyer.url}/register`, json("wanted@example.com", signal)).then(({ status }) => status);
    const gone = ask(first.signal).catch(() => "gone");
    await queued(4);
    const others = Array.from({ length: 6 }, () => ask());
    await setTimeout(50);
    first.abort();
    expect(await gone).to.equal("gone");
    expect((await Promise.all(others)).toSorted()).to.deep.equal([201, 400, 400, 400, 400, 400]);
    await Promise.all(running);
    expect(await metric("foyer_hash_duration_seconds_count")).to.equal(4);
  });

  it("does not refuse a new address for many who ask for a known one", async () => {
    // Longer than one hash takes on a machine that is busy, and shorter than sixty do on any.
    await start(4);
    expect((await foyer.register("known@example.com")).status).to.equal(201);
    const duplicates = Array.from({ length: 60 }, () => status("known@example.com"));
    expect((await foyer.register("new@example.com")).status).to.equal(201);
    expect(await Promise.all(duplicates)).to.deep.equal(Array(60).fill(400));
  });

  it("hashes nothing for a client that pipelined requests and went away, and began with none but the first", async () => {
    // So long that it goes away while the first is hashed.
    await start(6000, 14);
    const body = (n: number) => JSON.stringify({ email: `piped${n}@example.com`, password: PASSWORD });
    const request = (n: number) =>
      `POST /register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body(n).length}\r\n\r\n${body(n)}`;
    const socket = connect(Number(new URL(foyer.url).port), "127.0.0.1");
    socket.write(Array.from({ length: 8 }, (_, n) => request(n)).join(""));
    await queued(1);
    await setTimeout(100);
    expect(await metric("foyer_hash_queue_length")).to.equal(1);
    socket.destroy();
    expect((await foyer.register("stays@example.com")).status).to.equal(201);
    expect((await foyer.users()).length).to.be.at.most(2);
    expect(foyer.logged().match(/"status":499/g)).to.have.length(1);
  });

  it("neither refuses nor delays what needs no hash", async () => {
    await start(4);
    expect((await foyer.register("known@example.com")).status).to.equal(201);
    const running = await fill();
    const started = performance.now();
    const duplicate = await foyer.register("KNOWN@example.com");
    const invalid = await foyer.register("nobody");
    expect((await foyer.http.get("/register")).status).to.equal(200);
    expect(performance.now() - started).to.be.below(3900);
    expectProblem(duplicate, 400, "email_taken");
    expectProblem(invalid, 400, "invalid_input");
    await Promise.all(running);
  });

  it("hashes nothing for clients who have gone away", async () => {
    await start(6000, 13);
    const controller = new AbortController();
    const leaving = Array.from({ length: 6 }, (_, n) =>
      fetch(`${foyer.url}/register`, json(`gone${n}@example.com`, controller.signal)).catch(() => undefined),
    );
    await queued(6);
    controller.abort();
    await Promise.all(leaving);
    expect((await foyer.register("stays@example.com")).status).to.equal(201);
    expect(await metric('foyer_hash_refusals_total{reason="aborted"}')).to.be.at.least(4);
    expect((await foyer.users()).length).to.be.at.most(3);
  });

  it("gives a batch no more of the queue than one person", async () => {
    await start(6000);
    const batch = Array.from({ length: 8 }, (_, n) =>
      foyer.client.auth.register.mutate({ email: `b${n}@example.com`, password: PASSWORD }),
    );
    await queued(1);
    const lengths: number[] = [];
    const one = status("one@example.com");
    for (let n = 0; n < 20; n += 1) {
      lengths.push(await metric("foyer_hash_queue_length"));
      await setTimeout(20);
    }
    expect(await one).to.equal(201);
    expect(Math.max(...lengths)).to.be.at.most(2);
    await Promise.all(batch);
  });

  it("serves ten other clients before it has served one that asks 220 times at once, and refuses that one's own", async () => {
    foyer = await startFoyer({ bcryptCost: 10, hashConcurrency: 2, hashMaxWaitSeconds: 5, trustProxy: "loopback" });
    const answered: string[] = [];
    const ask = async (ip: string, name: string) => {
      const { status } = await foyer.register(`${name}@example.com`).set("X-Forwarded-For", ip);
      answered.push(`${ip} ${status}`);
      return status;
    };
    const attack = Array.from({ length: 220 }, (_, n) => ask("192.0.2.1", `attack${n}`));
    while ((await metric(BUSY)) === 0) await setTimeout(5);
    const others = await Promise.all(Array.from({ length: 10 }, (_, n) => ask(`198.51.100.${n}`, `other${n}`)));
    expect(others).to.deep.equal(Array(10).fill(201));
    const servedBefore = answered.filter((answer) => answer === "192.0.2.1 201").length;
    const statuses = await Promise.all(attack);
    const served = statuses.filter((status) => status === 201).length;
    expect(served).to.be.above(servedBefore);
    expect(statuses.filter((status) => status === 503)).to.have.length(220 - served);
  });

  it("tells other clients to come back soon, however many of one it refused", async () => {
    foyer = await startFoyer({ bcryptCost: 11, hashConcurrency: 1, hashMaxWaitSeconds: 1, trustProxy: "loopback" });
    const ask = async (ip: string, name: string) => {
      const { headers } = await foyer.register(`${name}@example.com`).set("X-Forwarded-For", ip);
      return Number(headers["retry-after"] ?? 0);
    };
    let stopped = false;
    let longest = 0;
    const flood = async (n: number) => {
      for (let m = 0; !stopped; m += 1) longest = Math.max(longest, await ask("192.0.2.1", `attack${n}-${m}`));
    };
    const attack = Array.from({ length: 40 }, (_, n) => flood(n));
    while (longest < 25) await setTimeout(5);
    const others = await Promise.all(Array.from({ length: 12 }, (_, n) => ask(`198.51.100.${n}`, `other${n}`)));
    stopped = true;
    await Promise.all(attack);
    expect(others.filter((seconds) => seconds > 0)).to.have.length.of.at.least(2);
    expect(Math.max(...others)).to.be.at.most(20);
  });
});
