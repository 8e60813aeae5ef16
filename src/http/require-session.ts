import type { NextFunction, Request, Response } from "express";
import createError from "http-errors";

/** What comes after it finds the account in `res.locals`. */
export type RequireSession<Account> = (
  req: Request,
  res: Response<unknown, { account: Account }>,
  next: NextFunction,
) => Promise<void>;

/**
 * Lets whoever is signed in pass, as `res.locals.account`. A page that is opened leads to the form that signs in, and back;
 * all else is 401 for the app's own error handler. @param mount the path at which the app has Foyer.
 */
export function requireSession<Account>(
  session: (req: Request) => Promise<{ account: Account } | null>,
  mount: () => string,
): RequireSession<Account> {
  return async (req, res, next) => {
    // Not by its promise, to which Express 4 would not listen.
    const current = await session(req).catch(next);
    if (current === undefined) return;
    if (current) {
      res.locals.account = current.account;
      return next();
    }
    const isPage = (req.method === "GET" || req.method === "HEAD") && req.accepts(["json", "html"]) === "html";
    if (!isPage) return next(createError(401));
    res.redirect(303, `${mount()}/sign-in?${new URLSearchParams({ next: req.originalUrl })}`);
  };
}
