import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import type { Express } from "express";
import { StartError } from "../config/start-error.ts";
import { boundConnections } from "./bound-connections.ts";
import { boundHeaders, MOST_HEADERS } from "./bound-headers.ts";
import { onFinished } from "./on-finished.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { parseInPieces } from "./parse-in-pieces.ts";
import { endUnreadAnswers } from "./unread-answers.ts";

const IDLE_SWEEP_MS = 100;
const QUIET_TURN_MS = 0.2;
const LONGEST_WAIT_FOR_QUIET_MS = 500;
/** Milliseconds for the headers and the whole request, from its first byte: a phone in a tunnel takes less. */
const SERVER_TIMEOUTS = { headersTimeout: 15_000, requestTimeout: 30_000, connectionsCheckingInterval: 5000 };
const TIMED_OUT = "ERR_HTTP_REQUEST_TIMEOUT";
/** Node's own answers to what it takes for no request, other than 400. It gives none where somebody listens. */
const STATUS_OF_FAULT: Record<string, string> = {
  [TIMED_OUT]: "408 Request Timeout",
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
};

export type Address = { host: string; port: number; setting: "PORT" | "METRICS_PORT" };

export type Listening = {
  port: number;
  /** Ends every connection with its answer from now on, so that a proxy keeps none for a later request. */
  drain(): void;
  /** Drains, accepts no more connections, gives running requests `finishMs` to finish, and then ends them. */
  stop(finishMs: number): Promise<void>;
};

function explain(error: NodeJS.ErrnoException, { host, port, setting }: Address) {
  if (error.code === "EADDRINUSE")
    return new StartError(`${setting}: ${port} is in use on ${host}; stop what uses it or set another`);
  if (error.code === "EACCES")
    return new StartError(`${setting}: ${port} needs more rights than this user has; set one above 1023`);
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND")
    return new StartError(`HOST: ${host} is no address of this machine`);
  return error;
}

/** Closing a socket loses what the kernel still holds for it, so this waits for a turn in which nothing arrived. */
async function quietMoment() {
  const deadline = performance.now() + LONGEST_WAIT_FOR_QUIET_MS;
  let turn = performance.now();
  do {
    turn = performance.now();
    await setImmediate();
  } while (performance.now() - turn > QUIET_TURN_MS && turn < deadline);
}

async function close(server: Server, endUnused: () => void, finishMs: number): Promise<void> {
  await quietMoment();
  return new Promise((resolve) => {
    const sweep = setInterval(() => {
      server.closeIdleConnections();
      endUnused();
    }, IDLE_SWEEP_MS);
    const end = setTimeout(() => server.closeAllConnections(), finishMs);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(end);
      resolve();
    });
  });
}

function endConnectionAfter(res: ServerResponse) {
  if (!res.headersSent) res.setHeader("Connection", "close");
}

/**
 * Lets connections that have sent nothing be idle as long as others: browsers and balancers open some ahead of need. Node
 * would measure them as it does a slow request, from when they were made, and answer 408 to what was never asked.
 * @returns what ends those that have sent nothing yet.
 */
function keepUnused(server: Server, idleMs: number, running: ReadonlySet<ServerResponse>) {
  const unused = new Map<Socket, NodeJS.Timeout>();
  const forget = (socket: Socket) => {
    clearTimeout(unused.get(socket));
    unused.delete(socket);
  };
  const endIfSilent = (socket: Socket) => {
    if (socket.bytesRead === 0) {
      socket.destroy();
      return;
    }
    // Node counts from the first byte of a request, and so never where there are only blank lines.
    const end = setTimeout(() => socket.destroy(), server.headersTimeout);
    unused.set(socket, end);
  };
  server.on("connection", (socket) => {
    unused.set(socket, setTimeout(endIfSilent, idleMs, socket));
    socket.once("close", () => forget(socket));
  });
  server.prependListener("request", ({ socket }) => forget(socket));
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === TIMED_OUT && socket.bytesRead === 0) return;
    const answer = [...running].find((res) => res.socket === socket);
    // What is wrong came behind this request, which is answered still.
    if (socket.writable && answer?.req.complete && !answer.headersSent) return endConnectionAfter(answer);
    if (socket.writable && !answer?.headersSent) {
      socket.write(`HTTP/1.1 ${STATUS_OF_FAULT[error.code ?? ""] ?? "400 Bad Request"}\r\nConnection: close\r\n\r\n`);
    }
    socket.destroy();
  });
  return () => {
    for (const socket of unused.keys()) if (socket.bytesRead === 0) socket.destroy();
  };
}

/** Serves an app; a connection may idle for `keepAliveSeconds`. @throws StartError when it cannot listen there. */
export function listen(app: Express, address: Address, keepAliveSeconds: number): Promise<Listening> {
  let draining = false;
  const running = new Set<ServerResponse>();
  const idleMs = keepAliveSeconds * 1000;
  const work: RequestListener = (req, res) => {
    if (draining) endConnectionAfter(res);
    running.add(res);
    onFinished(req, res, () => running.delete(res));
    app(req, res);
  };
  const server = createServer({ ...SERVER_TIMEOUTS, keepAliveTimeout: idleMs }, boundHeaders(oneAtATime(work)));
  server.maxHeadersCount = MOST_HEADERS;
  parseInPieces(server);
  const endUnused = keepUnused(server, idleMs, running);
  // Node would answer these by itself, as many as come. Whatever a client expects may be ignored (RFC 9110 section 10.1.1).
  server.on("checkExpectation", (req, res) => server.emit("request", req, res));
  boundConnections(server, address.setting, endUnused);
  server.once("close", endUnreadAnswers(running));
  const drain = () => {
    draining = true;
    for (const res of running) endConnectionAfter(res);
  };
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(explain(error, address)));
    server.listen(address.port, address.host, () => {
      const { port } = server.address() as AddressInfo;
      resolve({
        port,
        drain,
        stop(finishMs) {
          drain();
          return close(server, endUnused, finishMs);
        },
      });
    });
  });
}
