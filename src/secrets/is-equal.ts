import { timingSafeEqual } from "node:crypto";

/** Compares a text that a client sent with a secret one, in a time that does not tell where they differ. */
export function isEqual(sent: string, secret: string): boolean {
  const [a, b] = [Buffer.from(sent), Buffer.from(secret)];
  return a.length === b.length && timingSafeEqual(a, b);
}
