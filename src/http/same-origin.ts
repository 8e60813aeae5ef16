import type { Request, RequestHandler } from "express";
import createError from "http-errors";
import type { MessageKey } from "../language/message.ts";
import { claimedOrigin } from "./claimed-origin.ts";
import { readCookie } from "./cookies.ts";
import { bearerToken } from "./credential.ts";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * @throws 403 for what a page of another origin sent, by Fetch Metadata or else the Origin header (OWASP, Cross-Site
 * Request Forgery Prevention). A client without either is no browser in use, and passes unless it brings a session's
 * cookie. So does whoever shows a bearer token: no page can have a browser send one that it does not know.
 * @param isNamed tells the other origins whose pages may send JSON. Their browsers ask first (`crossOrigin`).
 */
export function requireSameOrigin(req: Request, isNamed: (origin: string) => boolean): void {
  if (SAFE.has(req.method) || bearerToken(req) !== undefined) return;
  const claimed = claimedOrigin(req);
  if (claimed === "own") return;
  if (claimed === "other" && !(isNamed(req.get("origin") ?? "") && req.is("json"))) throw createError(403);
  if (claimed === "unknown" && readCookie(req, "session") !== undefined)
    throw createError(403, { detail: "fault.cookie_alone" satisfies MessageKey });
}

/** The same for every request. */
export function sameOrigin(isNamed: (origin: string) => boolean): RequestHandler {
  return (req, _res, next) => {
    requireSameOrigin(req, isNamed);
    next();
  };
}
