import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { type FoyerProcess, spawnFoyer } from "../support/process.ts";

const BODY = JSON.stringify({ email: "x", password: "y" });
const POST = `POST /register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
const GET = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";

/** Sends the text of a request, and resolves to the first part of its answer. */
async function ask(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [answer] = await once(socket, "data");
  return String(answer);
}

describe("an idle connection of a process", () => {
  let database: TestDatabase;
  let foyer: FoyerProcess;
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(async () => {
    foyer.child.kill("SIGINT");
    await foyer.ended;
    await database.drop();
  });

  it("is kept for 75 seconds, longer than proxies keep it, and the answer says so", async () => {
    foyer = spawnFoyer(database.env);
    const socket = connect(Number(new URL(await foyer.ready).port), "127.0.0.1");
    expect(await ask(socket, POST)).to.match(/^HTTP\/1.1 400 .*\r\nKeep-Alive: timeout=75\r\n/s);
    // Node's own limit is five seconds, and it adds one.
    await setTimeout(6500);
    expect(await ask(socket, POST)).to.match(/^HTTP\/1.1 400 /);
    socket.destroy();
  });

  it("is kept for KEEP_ALIVE_SECONDS, on the metrics port too", async () => {
    foyer = spawnFoyer({ ...database.env, KEEP_ALIVE_SECONDS: "1", METRICS_PORT: "38225" });
    const ports = [Number(new URL(await foyer.ready).port), 38225];
    await Promise.all(
      ports.map(async (port) => {
        const socket = connect(port, "127.0.0.1");
        const text = port === 38225 ? GET : POST;
        expect(await ask(socket, text)).to.include("\r\nKeep-Alive: timeout=1\r\n");
        await setTimeout(900);
        await ask(socket, text);
        const started = performance.now();
        await once(socket.resume(), "end");
        expect(performance.now() - started).to.be.within(990, 4000);
      }),
    );
  });
});
