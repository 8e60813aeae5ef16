import type { RequestHandler } from "express";

/** Where the query begins, also where a mail program escaped its `?`. */
const QUERY = /\?|%(?:25)*3f/i;

/**
 * Serves below the path of PUBLIC_URL, whether a proxy or an app that mounts Foyer takes it off, or it is left on. Views find
 * as `base` what comes before the path of each page.
 * @param base as in `/account`; "" for none. @param own the paths of all routes: a path may begin like `base` and be one of
 * those. Where both could be meant, a page is, if a page is asked for.
 */
export function basePath(base: string, own: { has(path: string): boolean }): RequestHandler {
  return (req, res, next) => {
    res.locals["base"] = base || req.baseUrl;
    const [path = ""] = req.url.split(QUERY, 1);
    const isBelow = base !== "" && (path === base || path.startsWith(`${base}/`));
    if (!isBelow) return next();
    const below = path.slice(base.length) || "/";
    const isOwn = own.has(path) && (path === base || !own.has(below) || req.accepts(["json", "html"]) === "html");
    if (!isOwn) req.url = below + req.url.slice(path.length);
    next();
  };
}
