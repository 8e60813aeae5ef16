import { randomInt } from "node:crypto";
import type { Knex } from "knex";
import { raw } from "objection";
import { getSchema } from "../../db/schema.ts";
import { VerificationToken } from "../../models/verification-token.ts";
import { digest } from "../../secrets/digest.ts";
import { randomSecret } from "../../secrets/random-secret.ts";

/** Nearly 27 bits (OWASP ASVS 5.0 section 6.5.4 asks for 20), and only so many tries for one sign-up (6.6.3). */
const CODE_DIGITS = 8;

/** The code's digest is salted with the token's: without the token it cannot be told from the other codes. */
function codeDigest(tokenHash: string, code: string) {
  return digest(tokenHash, code);
}

function newToken() {
  return { token: randomSecret(), code: String(randomInt(10 ** CODE_DIGITS)).padStart(CODE_DIGITS, "0") };
}

/**
 * Makes a token of 256 bits and a code for each of some sign-ups, in one statement, valid by the database's clock. Only
 * their digests are stored. @returns them by the numbers of their sign-ups, without those that are deleted meanwhile.
 */
export async function mintTokens(
  db: Knex,
  signUpIds: readonly number[],
  validHours: number,
): Promise<Map<number, { token: string; code: string }>> {
  if (signUpIds.length === 0) return new Map();
  const minted = new Map(signUpIds.map((id) => [id, newToken()] as const));
  const hashes = [...minted.values()].map(({ token }) => digest(token));
  const codeHashes = [...minted.values()].map(({ code }, n) => codeDigest(hashes[n] ?? "", code));
  const schema = getSchema(db);
  const { rows }: { rows: { sign_up_id: number }[] } = await db.raw(
    `with kept as (select id from :sign_ups: where id = any(cast(:ids as bigint[])) for key share)
     insert into :tokens: (token_hash, code_hash, sign_up_id, expires_at)
     select token_hash, code_hash, id, now() + make_interval(hours => :hours)
     from unnest(cast(:ids as bigint[]), cast(:hashes as text[]), cast(:codes as text[])) one (id, token_hash, code_hash)
     join kept using (id) returning sign_up_id`,
    {
      sign_ups: `${schema}.sign_ups`,
      tokens: `${schema}.verification_tokens`,
      ids: [...minted.keys()],
      hashes,
      codes: codeHashes,
      hours: validHours,
    },
  );
  const kept = new Set(rows.map(({ sign_up_id }) => sign_up_id));
  return new Map([...minted].filter(([id]) => kept.has(id)));
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
