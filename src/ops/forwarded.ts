import type { RequestHandler } from "express";
import type { Logger } from "pino";

const HEADERS = ["x-forwarded-for", "forwarded"];
const WARNING =
  "Forwarding headers arrive, but no proxy is trusted. Behind a proxy set TRUST_PROXY, or all clients count as one";

export type ForwardingWarning = { middleware: RequestHandler; warnings: () => string[] };

/** Warns once in the log of forwarding headers while no proxy is trusted. `warnings` has the warning from then on. */
export function warnUntrustedForwarding(log: Logger): ForwardingWarning {
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
