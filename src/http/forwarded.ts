import type { Express, RequestHandler } from "express";
import type { Logger } from "pino";

const HEADERS = ["x-forwarded-for", "forwarded"];
const WARNING =
  "Forwarding headers arrive, but no proxy is trusted. Behind a proxy set TRUST_PROXY, or all clients count as one";

/** No chain is longer. Whatever a client wrote before it is not looked at. */
const MOST_PROXIES = 16;

/** Has Express believe the forwarding headers of these proxies. @param setting as of Express's `trust proxy`. */
export function trustProxies(app: Express, setting: string | number | boolean): void {
  app.set("trust proxy", setting);
  const isTrusted: (address: string, hop: number) => boolean = app.get("trust proxy fn");
  app.set("trust proxy", (address: string, hop: number) => hop < MOST_PROXIES && isTrusted(address, hop));
}

/** Warns once in the log of forwarding headers while no proxy is trusted. `warnings` has the warning from then on. */
export function warnUntrustedForwarding(log: Logger): { middleware: RequestHandler; warnings: () => string[] } {
  let noticed = false;
  return {
    middleware: (req, _res, next) => {
      if (!noticed && HEADERS.some((header) => req.get(header) !== undefined)) {
        noticed = true;
        log.warn(WARNING);
      }
      next();
    },
    warnings: () => (noticed ? [WARNING] : []),
  };
}
