import type { Request } from "express";

/** What the client says of where a request comes from: Foyer's own pages, another origin's, or nothing. */
export function claimedOrigin(req: Request): "own" | "other" | "unknown" {
  const site = req.get("sec-fetch-site");
  if (site) return site === "same-origin" || site === "none" ? "own" : "other";
  const origin = req.get("origin");
  if (!origin) return "unknown";
  const own = [req.app.get("origin"), `${req.protocol}://${req.get("host")}`];
  return own.includes(origin) ? "own" : "other";
}
