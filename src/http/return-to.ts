import type { Request, RequestHandler } from "express";
import { namedOrigins } from "./named-origins.ts";
import { nextInQuery } from "./next.ts";

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

/**
 * Reads it of each request, from the query. Views find it as `returnTo`, and links between pages carry it along. A page of
 * our own origin may be named too, as `next` names it, so that whoever has to sign up first still comes back to it.
 */
export function useReturnTo(own: string, others: readonly string[]): RequestHandler {
  const isNamed = namedOrigins([own, ...others]);
  return (req, res, next) => {
    const onOurs = nextInQuery(req);
    res.locals["returnTo"] =
      readReturnTo(req.query["return_to"], isNamed) ?? (onOurs === undefined ? undefined : new URL(onOurs, own).href);
    next();
  };
}

/** As `useReturnTo` read it. */
export function returnToOf({ res }: Request): string | undefined {
  const returnTo: unknown = res?.locals["returnTo"];
  return typeof returnTo === "string" ? returnTo : undefined;
}
