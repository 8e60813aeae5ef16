import { randomBytes } from "node:crypto";

const BYTES = 32;

/** A secret of 256 bits in base64url, 43 characters. */
export function randomSecret(): string {
  return randomBytes(BYTES).toString("base64url");
}
