import type { Request, RequestHandler } from "express";
import createError from "http-errors";

/**
 * Lets whoever is signed in pass, as `res.locals.account`. A page that is opened leads to the form that signs in, and back;
 * all else is 401 for the app's own error handler. @param mount the path at which the app has Foyer.
 */
export function requireSession(
  session: (req: Request) => Promise<{ account: object } | null>,
  mount: () => string,
): RequestHandler {
  return async (req, res, next) => {
    const current = await session(req);
    if (current) {
      res.locals["account"] = current.account;
      return next();
    }
    const isPage = (req.method === "GET" || req.method === "HEAD") && req.accepts(["json", "html"]) === "html";
    if (!isPage) return next(createError(401));
    res.redirect(303, `${mount()}/sign-in?${new URLSearchParams({ next: req.originalUrl })}`);
  };
}
