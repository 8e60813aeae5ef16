import { parseCookie } from "cookie";
import type { Request, Response } from "express";

const DAY_MS = 24 * 60 * 60 * 1000;

/** What Foyer keeps in a browser: who is signed in, its latest sign-up, that its people signed in before, and its language. */
export const COOKIES = {
  session: "foyer-session",
  device: "foyer-browser",
  known: "foyer-known",
  language: "foyer-lang",
} as const;

export type CookieName = keyof typeof COOKIES;

export const DEVICE_COOKIE_MS = 7 * DAY_MS;
/** The longest that browsers keep any (RFC 6265bis section 5.5). */
export const KNOWN_COOKIE_MS = 400 * DAY_MS;
export const LANGUAGE_COOKIE_MS = 365 * DAY_MS;

/** The prefix keeps other hosts from setting the cookie (RFC 6265bis section 4.1.3.2). It needs https. */
function fullName(req: Request, name: CookieName) {
  return req.app.get("https") ? `__Host-${COOKIES[name]}` : COOKIES[name];
}

/** Reads one of Foyer's own cookies, as the client sent it. */
export function readCookie(req: Request, name: CookieName): string | undefined {
  const { cookie } = req.headers;
  return cookie === undefined ? undefined : parseCookie(cookie)[fullName(req, name)];
}

function setCookies(res: Response): string[] {
  return [res.getHeader("Set-Cookie") ?? []].flat().map(String);
}

/** Sets a cookie, instead of one of its name that this answer sets already. @param maxAge in ms; until the browser ends if none. */
export function setCookie(req: Request, res: Response, name: CookieName, value: string, maxAge?: number): void {
  if (res.headersSent) return;
  const others = setCookies(res).filter((cookie) => !cookie.startsWith(`${fullName(req, name)}=`));
  res.removeHeader("Set-Cookie");
  if (others.length > 0) res.setHeader("Set-Cookie", others);
  res.cookie(fullName(req, name), value, {
    httpOnly: true,
    sameSite: "lax",
    secure: Boolean(req.app.get("https")),
    path: "/",
    ...(maxAge !== undefined && { maxAge }),
  });
}

export function deleteCookie(req: Request, res: Response, name: CookieName): void {
  setCookie(req, res, name, "", 0);
}
