import { randomUUID } from "node:crypto";
import type { Request, RequestHandler, Response } from "express";
import type { Logger } from "pino";
import { onFinished } from "./on-finished.ts";

/** Machines ask for these every few seconds. */
const PROBES = ["/healthz", "/readyz", "/metrics"];

/** nginx's status, in logs only, of a client that did not wait for its answer. */
const CLIENT_CLOSED_REQUEST = 499;

const REQUEST_ID = /^[\w.:/+=@-]{1,128}$/;

/** A path could hold a password, a pattern cannot. It is in lower case, lest metrics have a series per spelling. */
function routePattern(req: Request): string {
  const path: string = req.route?.path ?? "";
  return `${(req.baseUrl ?? "").toLowerCase()}${path}` || "(none)";
}

/** Names what a request calls where its route does not tell. `calls` are names that Foyer knows, never a client's. */
export function nameCalls(res: Response, path: string, calls: readonly string[]): void {
  res.locals["route"] = `${path}/${calls.join(",")}`;
  res.locals["series"] = calls.length === 1 ? res.locals["route"] : `${path}/(batch)`;
}

/** A trusted proxy gives the request its id, so that both logs have the same. */
function chooseRequestId(req: Request): string {
  const given = req.get("x-request-id") ?? "";
  const isTrusted: (address: string, hop: number) => boolean = req.app.get("trust proxy fn");
  const { remoteAddress } = req.socket;
  return REQUEST_ID.test(given) && remoteAddress && isTrusted(remoteAddress, 0) ? given : randomUUID();
}

function logLevel({ fault, route, status }: { fault: unknown; route: string; status: number }) {
  if (fault) return "error";
  return PROBES.includes(route) && status < 400 ? "debug" : "info";
}

export type EndedRequest = { method: string; route: string; status: number; milliseconds: number; isFault: boolean };

/**
 * Gives each request an id, its `X-Request-Id`. When it ends, logs one line, which has nothing that the client sent but
 * may have `res.locals.fault` and `res.locals.note`, and tells `observe`.
 */
export function requestLog(log: Logger, observe: (request: EndedRequest) => void): RequestHandler {
  return (req, res, next) => {
    const requestId = chooseRequestId(req);
    const started = performance.now();
    res.locals["requestId"] = requestId;
    res.setHeader("X-Request-Id", requestId);
    onFinished(req, res, (answered) => {
      const status = answered ? res.statusCode : CLIENT_CLOSED_REQUEST;
      const [method, milliseconds] = [req.method, Math.round(performance.now() - started)];
      const pattern = routePattern(req);
      const { fault, note, route = pattern, series = pattern } = res.locals;
      observe({ method, route: series, status, milliseconds, isFault: fault !== undefined });
      const line = { requestId, method, route, status, milliseconds, err: fault, note };
      log[logLevel({ fault, route, status })](line, `${method} ${route} ${status} ${milliseconds} ms`);
    });
    next();
  };
}
