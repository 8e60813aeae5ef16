import { createHmac } from "node:crypto";
import { genSaltSync } from "bcrypt";
import { readStoredHash, type StoredHash } from "./stored-hash.ts";

/** A password as it came (without NUL, of a bounded size), and in NFC. */
export type TypedPassword = { typed: string; nfc: string };

/** What one verification computes. */
export type Trial = {
  secret: string;
  /** What the secret is compared with, if it can be. */
  hash: string | undefined;
  /** Salts of hashes that nobody reads: they take the time that the comparison does not. */
  decoys: string[];
};

export type Bcrypt = {
  hash(secret: string, salt: string): Promise<string>;
  /** Computes all of a trial, one after another on one thread, whatever comes of it. */
  compare(trial: Trial): Promise<boolean>;
};

const BCRYPT_MAX_BYTES = 72;

function isShort(password: string) {
  return Buffer.byteLength(password) <= BCRYPT_MAX_BYTES;
}

function sha256Key(password: string, salt: string) {
  return createHmac("sha256", salt).update(password).digest("base64");
}

/** Hashes a password (NFC, no NUL). Above 72 bytes it is passlib's `bcrypt-sha256`, so that every character counts. */
export async function hashPassword(password: string, cost: number, bcrypt: Pick<Bcrypt, "hash">): Promise<string> {
  const setting = genSaltSync(cost);
  if (isShort(password)) return bcrypt.hash(password, setting);
  const salt = setting.slice(-22);
  const hash = await bcrypt.hash(sha256Key(password, salt), setting);
  return `$bcrypt-sha256$v=2,t=2b,r=${cost}$${salt}$${hash.slice(-31)}`;
}

/** What bcrypt gets of a password, or undefined where the hash is of another length: then it cannot be of this one. */
function secretFor({ kind, salt }: StoredHash, { typed, nfc }: TypedPassword): string | undefined {
  // Other systems do not normalise, and leave it to bcrypt to cut at 72 bytes.
  if (kind === "imported") return typed;
  if (isShort(nfc) !== (kind === "bcrypt")) return undefined;
  return kind === "bcrypt" ? nfc : sha256Key(nfc, salt);
}

function planTrial(password: TypedPassword, stored: string | undefined, cost: number): Trial {
  const hash = stored === undefined ? undefined : readStoredHash(stored);
  const secret = hash && secretFor(hash, password);
  if (!hash || secret === undefined) return { secret: password.nfc, hash: undefined, decoys: [genSaltSync(cost)] };
  // 2^10, and 2^10 and 2^11 more, are 2^12. A cost above the configured one takes longer, which nothing can hide.
  const decoys = Array.from({ length: Math.max(0, cost - hash.cost) }, (_, n) => genSaltSync(hash.cost + n));
  return { secret, hash: hash.bcrypt, decoys };
}

/**
 * Whether a stored hash is of a password. Always computes one bcrypt of `cost`, so that the time tells nothing: neither
 * whether there is such an account (`stored` is undefined where there is none), nor of its hash, unless that has a
 * higher cost. Never true for what is no bcrypt, or `$2x$`.
 */
export async function verifyPassword(
  password: TypedPassword,
  stored: string | undefined,
  cost: number,
  bcrypt: Pick<Bcrypt, "compare">,
): Promise<boolean> {
  return bcrypt.compare(planTrial(password, stored, cost));
}

/** Whether `hashPassword` would not write such a hash today: imported, of another cost, or one that nothing fits. */
export function isStale(stored: string, cost: number): boolean {
  const hash = readStoredHash(stored);
  return hash === undefined || hash.kind === "imported" || hash.cost !== cost;
}
