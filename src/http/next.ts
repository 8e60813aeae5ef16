import type { Request } from "express";

/** In characters. No page of an app has a longer address. */
const MOST = 2048;

/**
 * Reads where somebody goes on to after signing in. It must be a path of our own origin, or a link to us could lead
 * anywhere (OWASP, Unvalidated Redirects and Forwards). @returns the path as parsed, never as sent; undefined for any other.
 */
export function readNext(sent: unknown, origin: string): string | undefined {
  if (typeof sent !== "string" || sent.length > MOST) return undefined;
  // Browsers take \ for /, and leave out tabs and line breaks.
  if (!/^\/[^\\\p{Cc}]*$/u.test(sent) || !URL.canParse(sent, origin)) return undefined;
  const url = new URL(sent, origin);
  // Dots may be gone from between slashes now, and some servers decode before they redirect.
  const leadsElsewhere = url.origin !== origin || /^\/(?:[/\\]|%(?:2f|5c|[01][\da-f]))/i.test(url.pathname);
  return leadsElsewhere ? undefined : url.pathname + url.search + url.hash;
}

/** The same for a request, whose origin is ours. */
export function nextOf(req: Request, sent: unknown): string | undefined {
  return readNext(sent, req.app.get("origin"));
}

/** What stands before it, where the language was chosen. */
const LANGUAGE = /^lang=[\w-]*&/;

/** All of a query that begins with `next=/`, unless it has another. Without a pattern, which would begin anew at each `?`. */
export function wholeNext(url: string): string | undefined {
  const query = url.slice(url.indexOf("?") + 1).replace(LANGUAGE, "");
  return query.startsWith("next=/") && !query.includes("&next=") ? query.slice("next=".length) : undefined;
}

/** The same from its query. nginx cannot encode the address that it sends here: what stands after `next=/` is all of it. */
export function nextInQuery(req: Request): string | undefined {
  return nextOf(req, wholeNext(req.url) ?? req.query["next"]);
}
