import type { RequestHandler } from "express";
import createError from "http-errors";
import { hasOtherCookie } from "./browser.ts";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses with 403 what another site makes a browser send (OWASP, Cross-Site Request Forgery Prevention: Fetch Metadata,
 * with the Origin header where a browser does not send it). A client that is no browser sends neither, and no cookie but ours.
 * @param publicOrigin the address that people open, which a proxy may keep from the Host header.
 * @param named other origins, whose pages may send JSON: a browser asks first whether it may (`crossOrigin`).
 */
export function sameOrigin(publicOrigin: string, named: readonly string[]): RequestHandler {
  return (req, _res, next) => {
    const site = req.get("sec-fetch-site");
    const origin = req.get("origin");
    const own = [publicOrigin, `${req.protocol}://${req.get("host")}`];
    const passes =
      SAFE.has(req.method) ||
      (named.includes(origin ?? "") && req.is("json")) ||
      (site ? site === "same-origin" || site === "none" : origin ? own.includes(origin) : !hasOtherCookie(req));
    next(passes ? undefined : createError(403));
  };
}
