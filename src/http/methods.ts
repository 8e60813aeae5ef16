import type { RequestHandler } from "express";
import createError from "http-errors";

/** Ends a route: any method that it does not have is answered with 405, naming those that it has. */
export function onlyMethods(...methods: string[]): RequestHandler {
  const headers = { Allow: methods.join(", ") };
  return (_req, _res, next) => next(createError(405, { headers }));
}
