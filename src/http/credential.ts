import type { Request, RequestHandler } from "express";
import createError from "http-errors";
import type { MessageKey } from "../language/message.ts";
import type { Credential } from "../service/caller.ts";
import { claimedOrigin } from "./claimed-origin.ts";
import { readCookie } from "./cookies.ts";

const BEARER = /^Bearer +(\S+) *$/i;

/** The token of an `Authorization: Bearer` header (RFC 6750 section 2.1). A proxy's own `Basic` is none. */
export function bearerToken(req: Request): string | undefined {
  const { authorization } = req.headers;
  return authorization === undefined ? undefined : BEARER.exec(authorization)?.[1];
}

/**
 * Whether a link or a bookmark opens a page: it leaves what it shows to the person alone, wherever the link was. A form
 * does not; a proxy that asks for one sends a GET of its own, and names the form's method (as Traefik and Caddy do).
 */
function opensPage(req: Request) {
  const methods = [req.method, req.get("x-forwarded-method") ?? "GET"];
  const isRead = methods.every((method) => method === "GET");
  return isRead && req.get("sec-fetch-mode") === "navigate" && req.get("sec-fetch-dest") === "document";
}

/**
 * The session's cookie, where it counts: on what Foyer's own pages send, and on what no browser in use sent, such as a
 * server that forwards it. Browsers send it along from pages of the same site too, which may be others'.
 */
function cookieToken(req: Request) {
  const counts = claimedOrigin(req) !== "other" || opensPage(req);
  return counts ? readCookie(req, "session") : undefined;
}

/** Reads who asks: a session's cookie or a bearer token. Whether it is a live one is for the service to know. */
export function credentialOf(req: Request): Credential | undefined {
  const bearer = bearerToken(req);
  if (bearer !== undefined) return { kind: "bearer", token: bearer };
  const cookie = cookieToken(req);
  return cookie === undefined ? undefined : { kind: "cookie", token: cookie };
}

/** @throws 400 for who asks as two at once: another reader of the request might take the other one. */
export function requireOneCredential(req: Request): void {
  if (bearerToken(req) !== undefined && cookieToken(req) !== undefined)
    throw createError(400, { detail: "fault.two_credentials" satisfies MessageKey });
}

/** The same for every request. */
export const oneCredential: RequestHandler = (req, _res, next) => {
  requireOneCredential(req);
  next();
};
