import { createHash } from "node:crypto";

/** SHA-256 in base64url, to recognise a secret that is too long to guess. Passwords need a slow hash. */
export function digest(...parts: string[]): string {
  return createHash("sha256").update(parts.join(" ")).digest("base64url");
}

/** The digest of each of several secrets. */
export function digestEach(secrets: readonly string[]): string[] {
  return secrets.map((secret) => digest(secret));
}
