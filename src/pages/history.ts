import type { Response } from "express";

/** Lets the back button show a POST's answer (RFC 9111 sections 5.2.2.4 and 6). It never holds the password. */
export function keepForHistory(res: Response): Response {
  return res.req.method === "POST" ? res.set("Cache-Control", "private, no-cache") : res;
}
