import type { RequestHandler } from "express";
import { nameCalls } from "../http/request-log.ts";
import { appRouter } from "./router.ts";

const PROCEDURES = new Set(Object.keys(appRouter._def.procedures));

/** As tRPC reads it. */
function decoded(path: string) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Names the procedures that a request calls, for its log line and metrics: each once, and what is not ours `(unknown)`. */
export const namesCalls: RequestHandler = (req, res, next) => {
  const path = decoded(req.path.slice(req.path.lastIndexOf("/") + 1));
  const calls = req.query["batch"] === "1" ? path.split(",") : [path];
  nameCalls(res, "/trpc", [...new Set(calls.map((call) => (PROCEDURES.has(call) ? call : "(unknown)")))]);
  next();
};
