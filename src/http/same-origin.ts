import type { RequestHandler } from "express";
import createError from "http-errors";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses with 403 what a browser says that a page of another origin sent (OWASP, Cross-Site Request Forgery Prevention:
 * Fetch Metadata, with the Origin header where a browser does not send it). A client that sends neither is no browser in
 * use, and passes whatever cookies it brings: a balancer's or a network's authorise nothing here.
 * @param publicOrigin the address that people open, which a proxy may keep from the Host header.
 * @param isNamed tells the other origins, whose pages may send JSON: a browser asks first whether it may (`crossOrigin`).
 */
export function sameOrigin(publicOrigin: string, isNamed: (origin: string) => boolean): RequestHandler {
  return (req, _res, next) => {
    const site = req.get("sec-fetch-site");
    const origin = req.get("origin");
    const own = [publicOrigin, `${req.protocol}://${req.get("host")}`];
    const passes =
      SAFE.has(req.method) ||
      (origin && isNamed(origin) && req.is("json")) ||
      (site ? site === "same-origin" || site === "none" : !origin || own.includes(origin));
    next(passes ? undefined : createError(403));
  };
}
