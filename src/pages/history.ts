import type { Response } from "express";

/**
 * Lets a browser keep a page that answers a POST, for going back and forth alone: without it there is nothing to go back to
 * but the question whether to send the form again. It is asked for anew at any other time (RFC 9111 sections 5.2.2.4 and 6),
 * and no cache that people share may keep it. Such a page holds what was just typed there, but never the password.
 */
export function keepForHistory(res: Response): Response {
  return res.req.method === "POST" ? res.set("Cache-Control", "private, no-cache") : res;
}
