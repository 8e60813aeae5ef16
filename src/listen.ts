import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Express } from "express";
import { StartError } from "./start-error.ts";

const IDLE_SWEEP_MS = 100;
/** Longer than any hash takes; shorter than the 10 seconds after which `docker stop` kills. */
const GRACE_MS = 8000;

/** Milliseconds that a client may take to send a request. Longer than a phone takes in a tunnel; then the connection is ended. */
const SLOWEST = { headersTimeout: 15_000, requestTimeout: 30_000, connectionsCheckingInterval: 5000 };

/** Where to listen, and the name of the setting that says so. */
export type Address = { host: string; port: number; setting: "PORT" | "METRICS_PORT" };

export type Listening = { port: number; stop(): Promise<void> };

function explain(error: NodeJS.ErrnoException, { host, port, setting }: Address) {
  if (error.code === "EADDRINUSE") return new StartError(`${setting}: ${port} is in use on ${host}; stop what uses it or set another`);
  if (error.code === "EACCES") return new StartError(`${setting}: ${port} needs more rights than this user has; set one above 1023`);
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND") return new StartError(`HOST: ${host} is no address of this machine`);
  return error;
}

/** Stops taking connections, lets running requests finish for a while, then ends them. */
function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
    const end = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(end);
      resolve();
    });
  });
}

/**
 * Serves an application.
 * @throws StartError when the address or the port cannot be had.
 */
export function listen(app: Express, address: Address): Promise<Listening> {
  const server = createServer(SLOWEST, app);
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(explain(error, address)));
    server.listen(address.port, address.host, () => {
      const { port } = server.address() as AddressInfo;
      resolve({ port, stop: () => stop(server) });
    });
  });
}
