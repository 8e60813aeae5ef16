import type { RequestHandler } from "express";
import createError from "http-errors";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses with 403 what a page of another origin sent, by Fetch Metadata or else the Origin header (OWASP, Cross-Site
 * Request Forgery Prevention). A client without either is no browser in use, and its cookies authorise nothing here.
 * @param publicOrigin the origin that people open. A proxy may keep it from the Host header.
 * @param isNamed tells the other origins whose pages may send JSON. Their browsers ask first (`crossOrigin`).
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
