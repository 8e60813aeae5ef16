import { Agent, type IncomingMessage, request } from "node:http";
import { createConnection } from "node:net";
import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { postJson, spawnFoyer } from "../support/process.ts";
import { waitFor } from "../support/wait-for.ts";

const AT_ONCE = { SHUTDOWN_GRACE_SECONDS: "0" };

const account = (n: number) => ({ email: `n${n}@example.com`, password: "secret123" });

/** Waits until at least so many requests are in the queue, and have had the time to get to a thread. */
async function queued(url: string, count: number) {
  const length = async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(/^foyer_hash_queue_length (\d+)$/m.exec(text)?.[1]);
  };
  while ((await length()) < count) await setTimeout(20);
  await setTimeout(300);
}

/** Sends one request through an agent, and resolves when its answer is complete. */
function ask(agent: Agent, url: string, method = "GET", body?: object): Promise<IncomingMessage> {
  const headers = body ? { "Content-Type": "application/json" } : {};
  return new Promise((resolve, reject) => {
    request(url, { method, agent, headers }, (answer) => answer.resume().once("end", () => resolve(answer)))
      .once("error", reject)
      .end(body && JSON.stringify(body));
  });
}

describe("a process that stops", function () {
  // Hashing gives way to all else on the machine: beside other tests, one hash may take as long as a stop may.
  this.retries(3);
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(() => database.drop());

  it("finishes running requests on SIGTERM, accepts no new ones and exits with 0", async () => {
    const foyer = spawnFoyer({ ...database.env, ...AT_ONCE, BCRYPT_COST: "14", HASH_CONCURRENCY: "2" });
    const url = await foyer.ready;
    const running = [postJson(url, account(1)), postJson(url, account(2))];
    await queued(url, 2);
    foyer.child.kill("SIGTERM");
    const refusal = () =>
      fetch(`${url}/healthz`).then(
        () => undefined,
        (error) => error.cause.code,
      );
    expect(await waitFor(refusal)).to.equal("ECONNREFUSED");
    expect(await Promise.all(running)).to.deep.equal([201, 201]);
    expect(await foyer.ended).to.equal(0);
    expect(foyer.output().stderr).to.equal("");
  });

  describe("while more requests wait for their hash than there is time for", () => {
    /** Stops it with 40 of them, which would take longer than there is time, and gives the statuses and the seconds. */
    async function stopWith(signal: "SIGTERM" | "SIGINT") {
      const foyer = spawnFoyer({
        ...database.env,
        ...AT_ONCE,
        BCRYPT_COST: "13",
        HASH_CONCURRENCY: "1",
        HASH_MAX_WAIT_SECONDS: "60",
      });
      const url = await foyer.ready;
      const running = Array.from({ length: 40 }, (_, n) => postJson(url, account(n)));
      // On a machine that is slow, it takes no more than a few.
      await queued(url, 10);
      const started = performance.now();
      foyer.child.kill(signal);
      const statuses = await Promise.all(running);
      expect(await foyer.ended).to.equal(0);
      const seconds = (performance.now() - started) / 1000;
      const count = (status: number) => statuses.filter((one) => one === status).length;
      expect(count(201) + count(503)).to.equal(40);
      return { served: count(201), seconds };
    }

    it("serves on SIGTERM those that there is time for, though there is no grace, and answers 503 to the others", async () => {
      const { served, seconds } = await stopWith("SIGTERM");
      expect(served).to.be.within(1, 39);
      expect(seconds).to.be.within(5, 15);
    });

    it("answers 503 on SIGINT to all that wait, and finishes the one that is being hashed", async () => {
      const { served, seconds } = await stopWith("SIGINT");
      // Some may have been finished before the signal.
      expect(served).to.be.within(1, 21);
      expect(seconds).to.be.below(5);
    });
  });

  it("says so at /readyz first, serves until the grace is over, and ends kept connections", async () => {
    const foyer = spawnFoyer({
      ...database.env,
      SHUTDOWN_GRACE_SECONDS: "6",
      BCRYPT_COST: "14",
      METRICS_PORT: "38223",
    });
    const url = await foyer.ready;
    const agent = new Agent({ keepAlive: true });
    const before = await ask(agent, `${url}/readyz`);
    expect([before.statusCode, before.headers.connection]).to.deep.equal([200, "keep-alive"]);
    const running = ask(new Agent({ keepAlive: true }), `${url}/register`, "POST", account(1));
    while (!(await (await fetch("http://127.0.0.1:38223/metrics")).text()).includes("foyer_hash_queue_length 1\n"))
      await setTimeout(10);
    const started = performance.now();
    foyer.child.kill("SIGTERM");
    while ((await ask(agent, `${url}/readyz`)).statusCode !== 503) await setTimeout(10);
    expect(performance.now() - started).to.be.below(3000);
    for (const [method, path, status] of [
      ["GET", "/readyz", 503],
      ["GET", "/healthz", 200],
      ["GET", "/register", 200],
    ] as const) {
      const answer = await ask(agent, url + path, method);
      expect([path, answer.statusCode, answer.headers.connection]).to.deep.equal([path, status, "close"]);
    }
    expect((await ask(agent, "http://127.0.0.1:38223/metrics")).headers.connection).to.equal("close");
    // The alert on foyer_ready means the database, not an instance that stops.
    expect(await (await fetch("http://127.0.0.1:38223/metrics")).text()).to.include("foyer_ready 1\n");
    const { statusCode, headers } = await ask(agent, `${url}/register`, "POST", account(2));
    expect([statusCode, headers.connection]).to.deep.equal([201, "close"]);
    expect(
      [(await running).statusCode, (await running).headers.connection],
      "the request that ran at the signal",
    ).to.deep.equal([201, "close"]);
    expect(await foyer.ended).to.equal(0);
    expect(performance.now() - started).to.be.within(6000, 14_000);
  });

  it("still hashes for requests that came within the grace", async () => {
    // They take longer than it is.
    const foyer = spawnFoyer({
      ...database.env,
      SHUTDOWN_GRACE_SECONDS: "1",
      BCRYPT_COST: "14",
      HASH_CONCURRENCY: "1",
      HASH_MAX_WAIT_SECONDS: "60",
    });
    const url = await foyer.ready;
    foyer.child.kill("SIGTERM");
    while ((await fetch(`${url}/readyz`)).status !== 503) await setTimeout(10);
    expect(await Promise.all([1, 2].map((n) => postJson(url, account(n))))).to.deep.equal([201, 201]);
    expect(await foyer.ended).to.equal(0);
  });

  it("exits at once on a second signal, but not on an echo of the first", async () => {
    const foyer = spawnFoyer({ ...database.env, SHUTDOWN_GRACE_SECONDS: "60" });
    const url = await foyer.ready;
    foyer.child.kill("SIGTERM");
    foyer.child.kill("SIGTERM");
    while ((await fetch(`${url}/readyz`)).status !== 503) await setTimeout(10);
    await setTimeout(600);
    expect((await fetch(`${url}/healthz`)).status).to.equal(200);
    const started = performance.now();
    foyer.child.kill("SIGINT");
    expect(await foyer.ended).to.equal(130);
    // The grace is a minute.
    expect(performance.now() - started).to.be.below(10_000);
  });

  it("stops on SIGINT within ten seconds, though a client never ends its request", async () => {
    const foyer = spawnFoyer({ ...database.env, METRICS_PORT: "38221" });
    const ports = [Number(new URL(await foyer.ready).port), 38221];
    const stuck = ports.map((port) => createConnection(port, "127.0.0.1").on("error", () => {}));
    for (const socket of stuck) {
      socket.write(
        "POST /register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
      );
    }
    await setTimeout(200);
    const started = performance.now();
    foyer.child.kill("SIGINT");
    expect(await foyer.ended).to.equal(0);
    // Docker kills after ten seconds.
    expect(performance.now() - started).to.be.within(4000, 10_000);
    for (const socket of stuck) socket.destroy();
  });

  it("has lost no account that it answered with 201 after kill -9", async () => {
    const created: number[] = [];
    for (const round of [0, 1]) {
      const foyer = spawnFoyer(database.env);
      const url = await foyer.ready;
      const register = async (n: number) => {
        if ((await postJson(url, account(n)).catch(() => 0)) === 201) created.push(n);
      };
      const running = Array.from({ length: 40 }, (_, n) => register(round * 100 + n));
      while (created.length < (round + 1) * 4) await setTimeout(20);
      foyer.child.kill("SIGKILL");
      expect(await foyer.ended).to.equal("SIGKILL");
      await Promise.all(running);
    }
    expect(created.length).to.be.below(80);
    const foyer = spawnFoyer(database.env);
    const url = await foyer.ready;
    for (const n of created) expect(await postJson(url, account(n)), `account ${n}`).to.equal(400);
    expect(await postJson(url, account(999))).to.equal(201);
    foyer.child.kill("SIGTERM");
    await foyer.ended;
  });
});
