import type { RequestHandler } from "express";
import { nameCalls } from "../http/request-log.ts";

function decodeAsTrpc(path: string) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Names the procedures that a request calls, for log and metrics: each once, `(unknown)` where not in `names`. */
export function logCalls(names: readonly string[]): RequestHandler {
  const known = new Set(names);
  return (req, res, next) => {
    const path = decodeAsTrpc(req.path.slice(req.path.lastIndexOf("/") + 1));
    const calls = req.query["batch"] === "1" ? path.split(",") : [path];
    nameCalls(res, "/trpc", [...new Set(calls.map((call) => (known.has(call) ? call : "(unknown)")))]);
    next();
  };
}
