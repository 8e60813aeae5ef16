import { createHmac } from "node:crypto";
import { genSaltSync } from "bcrypt";

export type Bcrypt = {
  hash(secret: string, salt: string): Promise<string>;
  compare(secret: string, hash: string): Promise<boolean>;
};

const BCRYPT_MAX_BYTES = 72;

const BCRYPT = /^\$2b\$\d\d\$[./A-Za-z0-9]{53}$/;
const BCRYPT_SHA256 = /^\$bcrypt-sha256\$v=2,t=2b,r=(\d{1,2})\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})$/;

function sha256Key(password: string, salt: string) {
  return createHmac("sha256", salt).update(password).digest("base64");
}

/** Hashes a password (NFC, no NUL). Above 72 bytes it is passlib's `bcrypt-sha256`, so that every character counts. */
export async function hashPassword(password: string, cost: number, bcrypt: Bcrypt): Promise<string> {
  const setting = genSaltSync(cost);
  if (Buffer.byteLength(password) <= BCRYPT_MAX_BYTES) return bcrypt.hash(password, setting);
  const salt = setting.slice(-22);
  const hash = await bcrypt.hash(sha256Key(password, salt), setting);
  return `$bcrypt-sha256$v=2,t=2b,r=${cost}$${salt}$${hash.slice(-31)}`;
}

/** Takes NFC without NUL. A text `hashPassword` cannot have written is refused: bcrypt ignores what follows a NUL. */
export async function verifyPassword(password: string, stored: string, bcrypt: Bcrypt): Promise<boolean> {
  if (Buffer.byteLength(password) <= BCRYPT_MAX_BYTES) return BCRYPT.test(stored) && bcrypt.compare(password, stored);
  const [, cost = "", salt = "", digest = ""] = BCRYPT_SHA256.exec(stored) ?? [];
  if (digest === "") return false;
  return bcrypt.compare(sha256Key(password, salt), `$2b$${cost.padStart(2, "0")}$${salt}${digest}`);
}
