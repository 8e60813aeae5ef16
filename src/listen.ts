import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import type { Express } from "express";
import { whenEnded } from "./http/ended.ts";
import { StartError } from "./start-error.ts";

const IDLE_SWEEP_MS = 100;
/** Longer than any hash takes; with the default of SHUTDOWN_GRACE_SECONDS before it, within the 10 seconds after which `docker stop` kills. */
const FINISH_MS = 4500;

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
  /** Drains, takes no more connections, lets running requests finish for some seconds, and then ends them. */
  stop(): Promise<void>;
};

function explain(error: NodeJS.ErrnoException, { host, port, setting }: Address) {
  if (error.code === "EADDRINUSE") return new StartError(`${setting}: ${port} is in use on ${host}; stop what uses it or set another`);
  if (error.code === "EACCES") return new StartError(`${setting}: ${port} needs more rights than this user has; set one above 1023`);
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND") return new StartError(`HOST: ${host} is no address of this machine`);
  return error;
}

async function close(server: Server): Promise<void> {
  // At this moment the loop has taken what the kernel held: a connection or a request that it still holds would be lost.
  await setImmediate();
  return new Promise((resolve) => {
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
    const end = setTimeout(() => server.closeAllConnections(), FINISH_MS);
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
        stop() {
          drain();
          return close(server);
        },
      });
    });
  });
}
