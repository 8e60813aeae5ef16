import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import type { Express } from "express";
import { whenEnded } from "./http/ended.ts";
import { StartError } from "./start-error.ts";

const IDLE_SWEEP_MS = 100;
const QUIET_TURN_MS = 0.2;
const LONGEST_WAIT_FOR_QUIET_MS = 500;
/**
 * Milliseconds that a client may take to send a request, from its first byte (of a connection's first request, from the
 * connecting). Longer than a phone takes in a tunnel; then the connection is ended. An idle connection is not measured by it.
 */
const SLOWEST = { headersTimeout: 15_000, requestTimeout: 30_000, connectionsCheckingInterval: 5000 };

/** Where to listen, and the name of the setting that says so. */
export type Address = { host: string; port: number; setting: "PORT" | "METRICS_PORT" };

export type Listening = {
  port: number;
  /** From now on every answer ends its connection, so that a proxy in front does not keep it for a request to come. */
  drain(): void;
  /** Drains, takes no more connections, lets running requests finish for so many milliseconds, and then ends them. */
  stop(finishMs: number): Promise<void>;
};

function explain(error: NodeJS.ErrnoException, { host, port, setting }: Address) {
  if (error.code === "EADDRINUSE") return new StartError(`${setting}: ${port} is in use on ${host}; stop what uses it or set another`);
  if (error.code === "EACCES") return new StartError(`${setting}: ${port} needs more rights than this user has; set one above 1023`);
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND") return new StartError(`HOST: ${host} is no address of this machine`);
  return error;
}

/**
 * Waits for a turn of the event loop in which nothing came: a connection or a request that the kernel holds while its socket
 * is closed would be lost.
 */
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

/** Tells the client, where it has not been told otherwise yet, that the connection ends with this answer. */
function endConnectionAfter(res: ServerResponse) {
  if (!res.headersSent) res.setHeader("Connection", "close");
}

/**
 * Serves an application.
 * @param keepAliveSeconds for how long a connection may be idle before it is closed.
 * @throws StartError when the address or the port cannot be had.
 */
export function listen(app: Express, address: Address, keepAliveSeconds: number): Promise<Listening> {
  let draining = false;
  const running = new Set<ServerResponse>();
  const server = createServer({ ...SLOWEST, keepAliveTimeout: keepAliveSeconds * 1000 }, (req, res) => {
    if (draining) endConnectionAfter(res);
    running.add(res);
    whenEnded(req, res, () => running.delete(res));
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
