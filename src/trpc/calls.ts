import type { Request, RequestHandler } from "express";
import { nameCalls } from "../http/request-log.ts";

function decodeAsTrpc(path: string) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The procedures that a request calls, as the client names them. */
export function callsOf(req: Request): string[] {
  const path = decodeAsTrpc(req.path.slice(req.path.lastIndexOf("/") + 1));
  // The first counts, as for tRPC.
  const [batch] = [req.query["batch"]].flat();
  return batch === "1" ? path.split(",") : [path];
}

/** Names the procedures that a request calls, for log and metrics: each once, `(unknown)` where not in `names`. */
export function logCalls(names: readonly string[]): RequestHandler {
  const known = new Set(names);
  return (req, res, next) => {
    const calls = callsOf(req).map((call) => (known.has(call) ? call : "(unknown)"));
    nameCalls(res, "/trpc", [...new Set(calls)]);
    next();
  };
}
