import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import type { Express } from "express";
import { StartError } from "../config/start-error.ts";
import { onFinished } from "./on-finished.ts";

const IDLE_SWEEP_MS = 100;
const QUIET_TURN_MS = 0.2;
const LONGEST_WAIT_FOR_QUIET_MS = 500;
/** Milliseconds for the headers and the whole request: a phone in a tunnel takes less. Idle connections may wait. */
const SERVER_TIMEOUTS = { headersTimeout: 15_000, requestTimeout: 30_000, connectionsCheckingInterval: 5000 };

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

async function close(server: Server, finishMs: number): Promise<void> {
  await quietMoment();
  return new Promise((resolve) => {
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
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

/** Serves an app; a connection may idle for `keepAliveSeconds`. @throws StartError when it cannot listen there. */
export function listen(app: Express, address: Address, keepAliveSeconds: number): Promise<Listening> {
  let draining = false;
  const running = new Set<ServerResponse>();
  const server = createServer({ ...SERVER_TIMEOUTS, keepAliveTimeout: keepAliveSeconds * 1000 }, (req, res) => {
    if (draining) endConnectionAfter(res);
    running.add(res);
    onFinished(req, res, () => running.delete(res));
    app(req, res);
  });
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
          return close(server, finishMs);
        },
      });
    });
  });
}
