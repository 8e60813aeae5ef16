import { randomInt } from "node:crypto";
import type { Knex } from "knex";
import { raw } from "objection";
import { VerificationToken } from "../../models/verification-token.ts";
import { digest } from "../../secrets/digest.ts";
import { randomSecret } from "../../secrets/random-secret.ts";

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
  const token = randomSecret();
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

/** Whether a code is the one of a sign-up's latest email, and has not expired. An older email's counts no more. */
export async function isLiveCode(db: Knex, code: string, signUpId: number): Promise<boolean> {
  const latest = await VerificationToken.query(db)
    .where({ sign_up_id: signUpId })
    .orderBy("expires_at", "desc")
    .select("token_hash", "code_hash", raw("expires_at > now()").as("live"))
    .first()
    .castTo<{ token_hash: string; code_hash: string; live: boolean } | undefined>();
  return latest?.live === true && latest.code_hash === codeDigest(latest.token_hash, code);
}
