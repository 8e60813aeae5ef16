import { once } from "node:events";
import http from "node:http";
import { syncBuiltinESMExports } from "node:module";
import { connect, type Socket } from "node:net";
import { mock } from "node:test";
import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import express from "express";
import { type Listening, listen } from "../../src/http/listen.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { type FoyerProcess, spawnFoyer } from "../support/process.ts";

const BODY = JSON.stringify({ email: "x", password: "y" });
const POST = `POST /register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
const GET = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";

const HEADERS_MS = 400;

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
        expect(performance.now() - started).to.be.within(990, 20_000);
      }),
    );
  });
});

describe("a connection that is opened ahead of need", () => {
  let listening: Listening;
  let socket: Socket;
  let received: string;

  /** As the program does, with the time for headers shortened. */
  async function start(keepAliveSeconds: number) {
    const { createServer } = http;
    mock.method(http, "createServer", (options: http.ServerOptions, onRequest: http.RequestListener) =>
      createServer({ ...options, headersTimeout: HEADERS_MS, connectionsCheckingInterval: 50 }, onRequest),
    );
    syncBuiltinESMExports();
    const app = express().use((_req, res) => void res.end("done"));
    listening = await listen(app, { host: "127.0.0.1", port: 0, setting: "PORT" }, keepAliveSeconds);
    mock.restoreAll();
    syncBuiltinESMExports();
    socket = connect(listening.port, "127.0.0.1");
    received = "";
    socket.on("data", (data) => {
      received += data;
    });
    socket.on("error", () => {});
    await once(socket, "connect");
  }

  afterEach(async () => {
    socket.destroy();
    await listening.stop(0);
  });

  /** How many milliseconds it takes until the server ends the connection, while this is sent again and again. */
  async function endsAfter(text = "") {
    const started = performance.now();
    const trickle = setInterval(() => text && socket.write(text), 50);
    if (!socket.closed) await once(socket, "close");
    clearInterval(trickle);
    return performance.now() - started;
  }

  it("may be silent for longer than headers may take, and serves the requests that follow", async () => {
    await start(75);
    await setTimeout(3 * HEADERS_MS);
    expect(received).to.equal("");
    expect(await ask(socket, POST)).to.match(/^HTTP\/1.1 200 /);
    await setTimeout(3 * HEADERS_MS);
    expect(await ask(socket, POST)).to.match(/^HTTP\/1.1 200 /);
  });

  it("is ended without a word after KEEP_ALIVE_SECONDS", async () => {
    await start(1);
    expect(await endsAfter()).to.be.within(900, 20_000);
    expect(received).to.equal("");
  });

  it("is ended after KEEP_ALIVE_SECONDS if it sent blank lines only, even if late", async () => {
    await start(1);
    await setTimeout(2 * HEADERS_MS);
    expect(await endsAfter("\r\n")).to.be.below(20_000);
  });

  for (const [when, before] of [
    ["at once", async () => {}],
    ["after a silence", () => setTimeout(3 * HEADERS_MS)],
    ["after another request", () => ask(socket, POST)],
  ] as const) {
    it(`is ended with 408 if headers trickle ${when}`, async () => {
      await start(75);
      await before();
      received = "";
      socket.write("POST / HTTP/1.1\r\nHost: ");
      expect(await endsAfter("x")).to.be.within(HEADERS_MS - 100, 20_000);
      expect(received).to.match(/^HTTP\/1.1 408 Request Timeout\r\n/);
    });
  }

  it("is not waited for when the server stops", async () => {
    await start(75);
    const started = performance.now();
    await listening.stop(5000);
    expect(performance.now() - started).to.be.below(4000);
  });

  for (const [status, text] of [
    ["400 Bad Request", "nonsense\r\n\r\n"],
    ["431 Request Header Fields Too Large", `GET / HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(20_000)}\r\n\r\n`],
  ] as const) {
    it(`is answered ${status} where Node would`, async () => {
      await start(75);
      expect(await ask(socket, text)).to.equal(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
      await once(socket, "close");
    });
  }
});
