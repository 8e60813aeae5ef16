import type { Request, RequestHandler } from "express";
import { namedOrigins } from "./named-origins.ts";

/** In characters. No page of an app has a longer address. */
const MOST = 2048;

/**
 * Reads where somebody goes on to in the end: a page of an origin that the operator named, or a link to us could lead
 * anywhere (OWASP, Unvalidated Redirects and Forwards). @returns the address as parsed, never as sent; undefined for any other.
 */
export function readReturnTo(sent: unknown, isNamed: (origin: string) => boolean): string | undefined {
  if (typeof sent !== "string" || sent.length > MOST || !URL.canParse(sent)) return undefined;
  const url = new URL(sent);
  const isPlain = /^https?:$/.test(url.protocol) && url.username + url.password === "";
  return isPlain && isNamed(url.origin) ? url.href : undefined;
}

/** Reads it of each request, from the query. Views find it as `returnTo`, and links between pages carry it along. */
export function useReturnTo(origins: readonly string[]): RequestHandler {
  const isNamed = namedOrigins(origins);
  return (req, res, next) => {
    res.locals["returnTo"] = readReturnTo(req.query["return_to"], isNamed);
    next();
  };
}

/** As `useReturnTo` read it. */
export function returnToOf({ res }: Request): string | undefined {
  const returnTo: unknown = res?.locals["returnTo"];
  return typeof returnTo === "string" ? returnTo : undefined;
}
