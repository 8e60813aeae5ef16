import { randomUUID } from "node:crypto";
import type { Request, RequestHandler } from "express";
import type { Logger } from "pino";
import { whenEnded } from "./ended.ts";

/**
 * The route's pattern: a path or query that a client made up could hold anything, a password too. Its first part is as the
 * client spelled it, and case does not matter there: without folding it, metrics would have a series for each spelling.
 */
function routeOf(req: Request): string {
  return `${req.baseUrl.toLowerCase()}${req.route?.path ?? ""}` || "(none)";
}

export type EndedRequest = { method: string; route: string; status: number; milliseconds: number };

/**
 * Gives each request an id, which its answer carries as `X-Request-Id`, and logs one line when it ends: method, route,
 * status and milliseconds, and nothing that the client sent. A fault is left in `res.locals.fault`, a remark in `res.locals.note`.
 * @param observe hears of each request that ended.
 */
export function requestLog(log: Logger, observe: (request: EndedRequest) => void): RequestHandler {
  return (req, res, next) => {
    const requestId = randomUUID();
    const started = performance.now();
    res.locals["requestId"] = requestId;
    res.setHeader("X-Request-Id", requestId);
    whenEnded(req, res, (answered) => {
      // 499 is nginx's word for a client that did not wait.
      const status = answered ? res.statusCode : 499;
      const [method, route, milliseconds] = [req.method, routeOf(req), Math.round(performance.now() - started)];
      const { fault: err, note } = res.locals;
      const line = { requestId, method, route, status, milliseconds, err, note };
      observe({ method, route, status, milliseconds });
      log[line.err ? "error" : "info"](line, `${method} ${route} ${status} ${milliseconds} ms`);
    });
    next();
  };
}
