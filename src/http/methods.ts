import type { RequestHandler } from "express";
import createError from "http-errors";

/** Answers 405 with the methods that a path has. It comes after their routes. */
export function onlyMethods(...methods: string[]): RequestHandler {
  const headers = { Allow: methods.join(", ") };
  return (_req, _res, next) => next(createError(405, { headers }));
}
