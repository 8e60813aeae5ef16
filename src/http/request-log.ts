import { randomUUID } from "node:crypto";
import type { Request, RequestHandler, Response } from "express";
import type { Logger } from "pino";
import { whenEnded } from "./ended.ts";

/** Asked every few seconds by machines. */
const PROBES = ["/healthz", "/readyz", "/metrics"];

const REQUEST_ID = /^[\w.:/+=@-]{1,128}$/;

/**
 * The route's pattern: a path or query that a client made up could hold anything, a password too. Its first part is as the
 * client spelled it, and case does not matter there: without folding it, metrics would have a series for each spelling.
 */
function patternOf(req: Request): string {
  const path: string | string[] = req.route?.path ?? "";
  const own = Array.isArray(path) ? path.find((one) => one === req.path.toLowerCase()) : path;
  return `${req.baseUrl.toLowerCase()}${own ?? ""}` || "(none)";
}

/** Names what a request calls, where its route's pattern does not: by names that are known, never by a client's. */
export function nameCalls(res: Response, path: string, calls: readonly string[]): void {
  res.locals["route"] = `${path}/${calls.join(",")}`;
  res.locals["series"] = calls.length === 1 ? res.locals["route"] : `${path}/(batch)`;
}

/** Where a proxy that is trusted has given the request an id, that one, so that its log and ours tell of the same. */
function requestIdOf(req: Request): string {
  const given = req.get("x-request-id") ?? "";
  const isTrusted: (address: string, hop: number) => boolean = req.app.get("trust proxy fn");
  const { remoteAddress } = req.socket;
  return REQUEST_ID.test(given) && remoteAddress && isTrusted(remoteAddress, 0) ? given : randomUUID();
}

function levelOf({ fault, route, status }: { fault: unknown; route: string; status: number }) {
  if (fault) return "error";
  return PROBES.includes(route) && status < 400 ? "debug" : "info";
}

export type EndedRequest = { method: string; route: string; status: number; milliseconds: number; isFault: boolean };

/**
 * Gives each request an id, which its answer carries as `X-Request-Id`, and logs one line when it ends: method, route,
 * status and milliseconds, and nothing that the client sent. A fault is left in `res.locals.fault`, a remark in `res.locals.note`.
 * @param observe hears of each request that ended; there are few routes, whatever clients send.
 */
export function requestLog(log: Logger, observe: (request: EndedRequest) => void): RequestHandler {
  return (req, res, next) => {
    const requestId = requestIdOf(req);
    const started = performance.now();
    res.locals["requestId"] = requestId;
    res.setHeader("X-Request-Id", requestId);
    whenEnded(req, res, (answered) => {
      // 499 is nginx's word for a client that did not wait.
      const status = answered ? res.statusCode : 499;
      const [method, milliseconds] = [req.method, Math.round(performance.now() - started)];
      const pattern = patternOf(req);
      const { fault, note, route = pattern, series = pattern } = res.locals;
      observe({ method, route: series, status, milliseconds, isFault: fault !== undefined });
      const line = { requestId, method, route, status, milliseconds, err: fault, note };
      log[levelOf({ fault, route, status })](line, `${method} ${route} ${status} ${milliseconds} ms`);
    });
    next();
  };
}
