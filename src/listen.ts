import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Express } from "express";
import { StartError } from "./start-error.ts";

const IDLE_SWEEP_MS = 100;
/** Longer than any hash takes; shorter than the 10 seconds after which `docker stop` kills. */
const GRACE_MS = 8000;

export type Listening = { port: number; stop(): Promise<void> };

function explain(error: NodeJS.ErrnoException, host: string, port: number) {
  if (error.code === "EADDRINUSE") return new StartError(`PORT: ${port} is in use on ${host}; stop what uses it or set another`);
  if (error.code === "EACCES") return new StartError(`PORT: ${port} needs more rights than this user has; set one above 1023`);
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
export function listen(app: Express, { host, port }: { host: string; port: number }): Promise<Listening> {
  const server = createServer({ requestTimeout: 30_000 }, app);
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(explain(error, host, port)));
    server.listen(port, host, () => {
      const address = server.address() as AddressInfo;
      resolve({ port: address.port, stop: () => stop(server) });
    });
  });
}
