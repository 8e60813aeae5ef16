import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { type FoyerProcess, spawnFoyer } from "../support/process.ts";
import { waitFor } from "../support/wait-for.ts";

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

/** Paths whose answers are large, or made anew for each request. */
const PATHS = ["/assets/zxcvbn.js", "/assets/common-passwords.json", "/openapi.json", "/register", "/nothing"];

describe("a process whose clients ask for much and read nothing", function () {
  if (process.platform !== "linux") return;
  this.timeout(60_000);
  let database: TestDatabase;
  let foyer: FoyerProcess;
  let url: string;

  before(async () => {
    database = await createDatabase();
    foyer = spawnFoyer({ ...database.env, LOG_LEVEL: "info" });
    url = await foyer.ready;
    // What the process needs once: compiled code, views, a heap that has grown.
    for (const path of PATHS) await flood(40, get(path).repeat(10));
  });
  after(async () => {
    foyer.child.kill("SIGINT");
    await foyer.ended;
    await database.drop();
  });

  const descriptors = () => readdirSync(`/proc/${foyer.child.pid}/fd`).length;
  const megabytes = () =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${foyer.child.pid}/status`, "utf8"))?.[1]) / 1024;

  /** Sends a text on many connections and hangs up. @returns how long another client waited at most, in ms. */
  async function flood(connections: number, text: string) {
    const sockets = Array.from({ length: connections }, () =>
      connect(Number(new URL(url).port), "127.0.0.1").on("error", () => {}),
    );
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    for (const socket of sockets) socket.write(text);
    let longest = 0;
    for (let n = 0; n < 10; n += 1) {
      await setTimeout(30);
      const started = performance.now();
      expect((await fetch(`${url}/healthz`)).status).to.equal(200);
      longest = Math.max(longest, performance.now() - started);
    }
    for (const socket of sockets) socket.destroy();
    return longest;
  }

  for (const path of PATHS) {
    for (const [connections, requests] of [
      [1, 100],
      [40, 12],
      [40, 400],
    ] as const) {
      it(`holds no more than before ${connections} × ${requests} requests for ${path}, and serves others`, async () => {
        const before = { descriptors: descriptors(), megabytes: megabytes() };
        expect(await flood(connections, get(path).repeat(requests))).to.be.below(3000);
        // A few are the test's own, which it keeps to ask again.
        await waitFor(async () => descriptors() <= before.descriptors + 5 || undefined);
        expect(megabytes(), "memory").to.be.below(before.megabytes + 30);
      });
    }
  }
});
