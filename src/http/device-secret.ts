import { randomBytes } from "node:crypto";
import { parseCookie } from "cookie";
import type { Request, Response } from "express";

const SECRET = /^[\w-]{43}$/;
const SECRET_BYTES = 32;
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/** The prefix keeps other hosts from setting the cookie (RFC 6265bis section 4.1.3.2). It needs https. */
function cookieName(req: Request) {
  return req.app.get("https") ? "__Host-foyer-browser" : "foyer-browser";
}

/** Returns the secret that tells the browser of a sign-up, a new one where it has none. It is kept for another week. */
export function ensureDeviceSecret(req: Request, res: Response): string {
  const name = cookieName(req);
  const { [name]: brought = "" } = parseCookie(req.headers.cookie ?? "");
  const secret = SECRET.test(brought) ? brought : randomBytes(SECRET_BYTES).toString("base64url");
  res.cookie(name, secret, {
    httpOnly: true,
    sameSite: "lax",
    secure: Boolean(req.app.get("https")),
    path: "/",
    maxAge: KEPT_MS,
  });
  return secret;
}
