import type { Response } from "express";
import { readableDomain } from "../service/identity/domain-name.ts";

export type Onward = { url: string; name: string };

/** Where people go on to when all is done here: where they came from, or else the app. @returns undefined without either. */
export function onwardOf(res: Response): Onward | undefined {
  const url: unknown = res.locals["returnTo"] ?? res.app.get("appUrl");
  return typeof url === "string" ? { url, name: readableDomain(new URL(url).hostname) } : undefined;
}
