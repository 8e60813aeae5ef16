import type { Request, RequestHandler } from "express";

/** The raw query, because the service separates the token from what mail programs append to links. */
export function rawQuery(req: Request): string {
  // The language stands before what the link had.
  return req.url.slice(req.url.indexOf("?") + 1).replace(/^lang=[\w-]*&?/, "");
}

/** The path of a link whose `?` was escaped, or that has white space before it. */
const DAMAGED_PATH = /^\/(verify|reset|account\/email\/(?:confirm|undo))(?:%(?:25)*(?:0[9ad]|20))*(?:\?|%(?:25)*3f)/i;

/** Has the pages of links take those with a damaged path. */
export const mendLink: RequestHandler = (req, _res, next) => {
  if (req.method === "GET" || req.method === "HEAD") req.url = req.url.replace(DAMAGED_PATH, "/$1?");
  next();
};

/** The token that a form has, in whatever pieces. */
export function typedToken({ body }: Request): string {
  const pieces: unknown[] = [body.token].flat();
  return pieces.filter((piece) => typeof piece === "string").join("&");
}
