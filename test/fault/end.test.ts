import { createConnection } from "node:net";
import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { postJson, spawnFoyer } from "../support/process.ts";

const account = (n: number) => ({ email: `n${n}@example.com`, password: "secret123" });

/** Waits until so many are in the line, and have had the time to get from its door to a thread. */
async function inLine(url: string, count: number) {
  const full = `foyer_hash_queue_length ${count}\n`;
  while (!(await (await fetch(`${url}/metrics`)).text()).includes(full)) await setTimeout(20);
  await setTimeout(300);
}

describe("the end of a process", () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(() => database.drop());

  it("lets running requests finish on SIGTERM, takes no new ones and exits with 0", async () => {
    const foyer = spawnFoyer({ ...database.env, BCRYPT_COST: "14", HASH_CONCURRENCY: "2" });
    const url = await foyer.ready;
    const running = [postJson(url, account(1)), postJson(url, account(2))];
    await inLine(url, 2);
    foyer.child.kill("SIGTERM");
    await setTimeout(100);
    expect(await postJson(url, account(3)).catch((error) => error.cause.code)).to.equal("ECONNREFUSED");
    expect(await Promise.all(running)).to.deep.equal([201, 201]);
    expect(await foyer.ended).to.equal(0);
    expect(foyer.output().stderr).to.equal("");
  });

  it("refuses on SIGTERM what still waits for its hash, and finishes what is being hashed", async () => {
    const foyer = spawnFoyer({ ...database.env, BCRYPT_COST: "13", HASH_CONCURRENCY: "1", HASH_MAX_WAIT_SECONDS: "60" });
    const url = await foyer.ready;
    const running = Array.from({ length: 8 }, (_, n) => postJson(url, account(n)));
    await inLine(url, 8);
    const started = performance.now();
    foyer.child.kill("SIGTERM");
    const statuses = await Promise.all(running);
    expect(performance.now() - started).to.be.below(5000);
    expect(statuses.toSorted()).to.deep.equal([201, ...Array(7).fill(503)]);
    expect(await foyer.ended).to.equal(0);
  });

  it("comes on SIGINT too, and does not wait for ever for a client that never ends its request", async () => {
    const foyer = spawnFoyer({ ...database.env, METRICS_PORT: "38221" });
    const ports = [Number(new URL(await foyer.ready).port), 38221];
    const stuck = ports.map((port) => createConnection(port, "127.0.0.1").on("error", () => {}));
    for (const socket of stuck) {
      socket.write("POST /register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
    }
    await setTimeout(200);
    const started = performance.now();
    foyer.child.kill("SIGINT");
    expect(await foyer.ended).to.equal(0);
    // Docker kills after ten.
    expect(performance.now() - started).to.be.within(4000, 10_000);
    for (const socket of stuck) socket.destroy();
  });

  it("by kill -9 loses no account that was answered with 201", async () => {
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
