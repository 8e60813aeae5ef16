import type { Request } from "express";

/** Whether a person in a browser reads the answer, or else a program. */
export function wantsPage(req: Request): boolean {
  return Boolean(req.is("urlencoded")) || (!req.is("json") && req.accepts(["json", "html"]) === "html");
}
