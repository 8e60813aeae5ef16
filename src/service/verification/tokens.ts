import { randomBytes, randomInt } from "node:crypto";
import type { Knex } from "knex";
import { raw } from "objection";
import { VerificationToken } from "../../models/verification-token.ts";
import { digest } from "../../secrets/digest.ts";

const TOKEN_BYTES = 32;
/** Nearly 27 bits (OWASP ASVS 5.0 section 6.5.4 asks for 20), and only so many tries for one sign-up (6.6.3). */
const CODE_DIGITS = 8;

/** The code's digest is salted with the token's: without the token it cannot be told from the other codes. */
function codeDigest(tokenHash: string, code: string) {
  return digest(tokenHash, code);
}

/** Makes a token of 256 bits and a code, valid by the database's clock. Only their digests are stored. */
export async function mintToken(
  db: Knex,
  signUpId: number,
  validHours: number,
): Promise<{ token: string; code: string }> {
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  const code = String(randomInt(10 ** CODE_DIGITS)).padStart(CODE_DIGITS, "0");
  const token_hash = digest(token);
  await VerificationToken.query(db).insert({
    token_hash,
    code_hash: codeDigest(token_hash, code),
    sign_up_id: signUpId,
    expires_at: raw("now() + make_interval(hours => ?)", [validHours]),
  });
  return { token, code };
}

/** The sign-up that a token belongs to, and whether the token has expired; undefined where there is no such token. */
export async function findToken(db: Knex, token: string): Promise<{ signUpId: number; expired: boolean } | undefined> {
  const found = await VerificationToken.query(db)
    .findById(digest(token))
    .select("sign_up_id", raw("expires_at <= now()").as("expired"))
    .castTo<{ sign_up_id: number; expired: boolean } | undefined>();
  return found && { signUpId: found.sign_up_id, expired: found.expired };
}

/** Of some sign-ups, the one that a code belongs to which has not expired. */
export async function findByCode(db: Knex, code: string, signUpIds: readonly number[]): Promise<number | undefined> {
  const tokens = await VerificationToken.query(db)
    .whereIn("sign_up_id", [...signUpIds])
    .where("expires_at", ">", raw("now()"));
  return tokens.find((token) => token.code_hash === codeDigest(token.token_hash, code))?.sign_up_id;
}
