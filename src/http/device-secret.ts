import { parseCookie } from "cookie";
import type { Request, Response } from "express";

const SECRET = /^[\w-]{43}$/;
/**
 * More than one only where streamed answers gave out the others before it was sure that they would be needed: so many of
 * those may come to nothing, such as wrong codes, before the browser forgets its sign-up.
 */
const MOST = 16;
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/** The prefix keeps other hosts from setting the cookie (RFC 6265bis section 4.1.3.2). It needs https. */
function cookieName(req: Request) {
  return req.app.get("https") ? "__Host-foyer-browser" : "foyer-browser";
}

/** The secrets that a browser brings. Whether they were ever given out is for the service to know. */
export function readDeviceSecrets(req: Request): string[] {
  const { [cookieName(req)]: brought = "" } = parseCookie(req.headers.cookie ?? "");
  return brought.split(".", MOST).filter((secret) => SECRET.test(secret));
}

function setCookies(res: Response): string[] {
  return [res.getHeader("Set-Cookie") ?? []].flat().map(String);
}

/** Has a browser keep secrets for a week, instead of those before. */
export function keepDeviceSecrets(req: Request, res: Response, secrets: readonly string[]): void {
  if (res.headersSent) return;
  const name = cookieName(req);
  const others = setCookies(res).filter((cookie) => !cookie.startsWith(`${name}=`));
  res.removeHeader("Set-Cookie");
  if (others.length > 0) res.setHeader("Set-Cookie", others);
  res.cookie(name, secrets.slice(0, MOST).join("."), {
    httpOnly: true,
    sameSite: "lax",
    secure: Boolean(req.app.get("https")),
    path: "/",
    maxAge: KEPT_MS,
  });
}
