import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { mock } from "node:test";
import { expect } from "chai";
import express from "express";
import { type Listening, listen } from "../../src/http/listen.ts";

const CLOSE = "Connection: close\r\n";
const get = (path: string, header = "") => `GET ${path} HTTP/1.1\r\nHost: x\r\n${header}\r\n`;

describe("requests that a client sends ahead on one connection (HTTP pipelining)", () => {
  let listening: Listening;
  let atOnce: number;
  let started: number;

  beforeEach(async () => {
    [atOnce, started] = [0, 0];
    let running = 0;
    const app = express();
    app.use(express.text(), (req, res) => {
      started += 1;
      if (req.path === "/wait") return;
      running += 1;
      atOnce = Math.max(atOnce, running);
      setTimeout(() => {
        running -= 1;
        if (req.path === "/close") res.set("Connection", "close");
        res.send(`<${req.method} ${req.path} ${req.body ?? ""}>`);
      }, 2);
    });
    listening = await listen(app, { host: "127.0.0.1", port: 0, setting: "PORT" }, 75);
  });
  afterEach(() => listening.stop(0));

  const open = () => connect(listening.port, "127.0.0.1").on("error", () => {});

  async function until(isTrue: () => boolean) {
    while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async function answersTo(requests: string) {
    const socket = open();
    socket.write(requests);
    return [...(await text(socket)).matchAll(/<(.*)>/g)].map(([, answer]) => answer);
  }

  it("are answered in their order, one at a time", async () => {
    const body = "x".repeat(50_000);
    const post = `POST /p HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const paths = Array.from({ length: 12 }, (_, n) => `/${n}`);
    const requests = [...paths.map((path) => get(path)), post, get("/last", CLOSE)];
    expect(await answersTo(requests.join(""))).to.deep.equal([
      ...paths.map((path) => `GET ${path} `),
      `POST /p ${body}`,
      "GET /last ",
    ]);
    expect(atOnce).to.equal(1);
  });

  it("are served one at a time whatever they expect", async () => {
    const [odd, usual] = ["Expect: nonsense\r\n", "Expect: 100-continue\r\n"];
    const requests = [get("/1", odd), get("/2", usual), get("/3", odd), get("/4", CLOSE)];
    expect(await answersTo(requests.join(""))).to.deep.equal(["GET /1 ", "GET /2 ", "GET /3 ", "GET /4 "]);
    expect(atOnce).to.equal(1);
  });

  it("are not worked on after an answer that ends the connection", async () => {
    expect(await answersTo(get("/1") + get("/close") + get("/3"))).to.deep.equal(["GET /1 ", "GET /close "]);
    expect(started).to.equal(2);
  });

  it("are not worked on once the client has gone", async () => {
    const socket = open();
    socket.write(get("/1").repeat(10));
    while (started === 0) await once(socket, "data");
    socket.destroy();
    const before = started;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(started).to.be.at.most(before + 1);
  });

  it("end the connection where they are more than a few", async () => {
    expect(await answersTo(get("/1").repeat(100))).to.deep.equal([]);
    expect(started).to.equal(1);
  });

  it("are not read to their end where they end the connection", async () => {
    let read = 0;
    const count = () => {
      read += 1;
    };
    subscribe("http.server.request.start", count);
    expect(await answersTo(get("/1").repeat(2000))).to.deep.equal([]);
    unsubscribe("http.server.request.start", count);
    expect(read).to.be.below(100);
  });

  it("do not wait where very many wait on other connections", async () => {
    for (const round of [1, 2]) {
      const sockets = Array.from({ length: 100 }, open);
      for (const socket of sockets) socket.write(get("/wait") + get("/1").repeat(15));
      await until(() => sockets.filter(({ destroyed }) => destroyed).length >= 30);
      expect(sockets.filter(({ destroyed }) => !destroyed)).to.have.length.above(60);
      for (const socket of sockets) socket.destroy();
      await until(() => started === round * 100);
    }
    expect(await answersTo(get("/1") + get("/2") + get("/3", CLOSE))).to.have.length(3);
  });

  for (const behind of ["nonsense\r\n\r\n", `GET /${"x".repeat(20_000)} HTTP/1.1\r\n\r\n`]) {
    it(`are answered even where ${behind.slice(0, 8)}… comes behind`, async () => {
      expect(await answersTo(get("/1") + behind)).to.deep.equal(["GET /1 "]);
    });
  }
});

describe("header fields", () => {
  const fields = (count: number) => get("/", Array.from({ length: count }, (_, n) => `x${n}:\r\n`).join(""));
  let listening: Listening;

  before(async () => {
    const app = express().use((_req, res) => void res.set("Connection", "close").send("answered"));
    listening = await listen(app, { host: "127.0.0.1", port: 0, setting: "PORT" }, 75);
  });
  after(() => listening.stop(0));

  for (const [count, status] of [
    [99, 200],
    [100, 431],
    [130, 431],
    [3000, 431],
  ] as const) {
    it(`are read whole or refused: ${count} beside Host are answered ${status}`, async () => {
      const socket = connect(listening.port, "127.0.0.1").on("error", () => {});
      socket.write(fields(count));
      expect(await text(socket)).to.match(new RegExp(`^HTTP/1.1 ${status} `));
    });
  }

  it("end the connection where too many come behind another request", async () => {
    const socket = connect(listening.port, "127.0.0.1").on("error", () => {});
    socket.write(fields(1) + fields(3000));
    expect((await text(socket)).match(/HTTP/g)?.length ?? 0).to.be.at.most(1);
  });
});

describe("a client that does not read its answer", () => {
  it("is cut off after a minute", async () => {
    mock.timers.enable({ apis: ["setInterval"] });
    const app = express().use((_req, res) => void res.send(Buffer.alloc(20_000_000)));
    const listening = await listen(app, { host: "127.0.0.1", port: 0, setting: "PORT" }, 75);
    const socket = connect(listening.port, "127.0.0.1").on("error", () => {});
    socket.write(get("/"));
    await once(socket, "readable");
    mock.timers.tick(60_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(socket.readableEnded).to.equal(false);
    mock.timers.tick(5000);
    mock.timers.reset();
    let received = 0;
    socket.on("data", ({ length }) => {
      received += length;
    });
    await once(socket, "close");
    expect(received).to.be.below(20_000_000);
    await listening.stop(0);
  });
});

describe("connections beyond those that Foyer serves", () => {
  for (const [setting, most] of [
    ["PORT", 900],
    ["METRICS_PORT", 50],
  ] as const) {
    it(`are refused while all ${most} on ${setting} are used, and take the place of idle ones`, async () => {
      const app = express().use((_req, res) => void res.send("answered"));
      const listening = await listen(app, { host: "127.0.0.1", port: 0, setting }, 75);
      const open = () => connect(listening.port, "127.0.0.1").on("error", () => {});
      const half = Array.from({ length: most - 10 }, open);
      for (const socket of half) socket.write("GET / HTTP/1.1\r\n");
      await Promise.all(half.map((socket) => once(socket, "connect")));
      const idle = Array.from({ length: 10 }, open);
      await Promise.all(idle.map((socket) => once(socket, "connect")));
      const started = performance.now();
      await once(open(), "close");
      expect(performance.now() - started).to.be.below(5000);
      const socket = open();
      socket.write(get("/", CLOSE));
      expect(await text(socket)).to.include("answered");
      await listening.stop(0);
    });
  }
});
