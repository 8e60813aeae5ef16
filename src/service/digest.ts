import { createHash } from "node:crypto";

/** What is stored of a secret too long to be guessed: enough to know it again, and of no use to who reads it. */
export function digest(...parts: string[]): string {
  return createHash("sha256").update(parts.join(" ")).digest("base64url");
}
