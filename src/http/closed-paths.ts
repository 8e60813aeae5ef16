import { Router } from "express";
import createError from "http-errors";
import { onlyMethods } from "./methods.ts";

/** Answers known plain paths that no route of `routers` took: 415 for a POST of an unread media type, otherwise 405. */
export function closedPaths(routers: readonly Router[]): Router {
  const methods = new Map<string, Set<string>>();
  for (const { route } of routers.flatMap(({ stack }) => stack)) {
    if (!route) continue;
    const known = methods.get(route.path) ?? new Set();
    for (const { method } of route.stack) known.add(method);
    methods.set(route.path, known);
  }
  const closed = Router();
  for (const [path, known] of methods) {
    if (known.has("post")) closed.post(path, (_req, _res, next) => next(createError(415)));
    const names = [...(known.has("get") ? ["GET", "HEAD"] : []), ...(known.has("post") ? ["POST"] : [])];
    closed.all(path, onlyMethods(...names));
  }
  return closed;
}
