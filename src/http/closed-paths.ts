import { Router } from "express";
import createError from "http-errors";
import { onlyMethods } from "./methods.ts";

/** The methods of each plain path among the routes of some routers. */
export function methodsByPath(routers: readonly Router[]): Map<string, Set<string>> {
  const methods = new Map<string, Set<string>>();
  for (const { route } of routers.flatMap(({ stack }) => stack)) {
    if (!route) continue;
    const known = methods.get(route.path) ?? new Set();
    for (const { method } of route.stack) known.add(method);
    methods.set(route.path, known);
  }
  return methods;
}

/** Answers known plain paths that no route took: 415 for a POST of an unread media type, otherwise 405. */
export function closedPaths(methods: Map<string, Set<string>>): Router {
  const closed = Router();
  for (const [path, known] of methods) {
    if (known.has("post")) closed.post(path, (_req, _res, next) => next(createError(415)));
    const names = [...(known.has("get") ? ["GET", "HEAD"] : []), ...(known.has("post") ? ["POST"] : [])];
    closed.all(path, onlyMethods(...names));
  }
  return closed;
}
