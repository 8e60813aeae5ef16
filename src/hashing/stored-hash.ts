/** A stored hash that a password can be compared with. */
export type StoredHash = {
  /** `imported` is another system's. Foyer wrote the others: `bcrypt` up to 72 bytes, `bcrypt_sha256` beyond. */
  kind: "bcrypt" | "bcrypt_sha256" | "imported";
  cost: number;
  /** As bcrypt writes it in base 64: 22 characters. */
  salt: string;
  /** What the library compares with. */
  bcrypt: string;
};

/** bcrypt's least (below it the library compares nothing) and the most of `BCRYPT_COST`: 30 would take days. */
const MIN_COST = 4;
const MAX_COST = 16;

/** `$2x$` is left out: it is of an implementation that lost bits of what is not ASCII, and that the library has not. */
const BCRYPT = /^\$2([aby])\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/;
const BCRYPT_SHA256 = /^\$bcrypt-(sha256)\$v=2,t=2b,r=(\d{1,2})\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})$/;

const KINDS: Record<string, StoredHash["kind"]> = {
  sha256: "bcrypt_sha256",
  b: "bcrypt",
  a: "imported",
  y: "imported",
};

/**
 * Reads a stored hash, whole: bcrypt would ignore what follows a NUL. `$2a$` and `$2y$` are computed as `$2b$` is. They
 * are other hashes only where an implementation of before 2014 was faulty, for passwords that are not ASCII or have 255
 * bytes and more: those fit no hash. @returns undefined for what nothing can be compared with.
 */
export function readStoredHash(stored: string): StoredHash | undefined {
  const [, scheme = "", costText = "", salt = "", digest = ""] =
    BCRYPT.exec(stored) ?? BCRYPT_SHA256.exec(stored) ?? [];
  const kind = KINDS[scheme];
  const cost = Number(costText);
  if (!kind || cost < MIN_COST || cost > MAX_COST) return undefined;
  return { kind, cost, salt, bcrypt: `$2b$${costText.padStart(2, "0")}$${salt}${digest}` };
}
