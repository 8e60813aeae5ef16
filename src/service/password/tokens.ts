import type { Knex } from "knex";
import { raw } from "objection";
import { getSchema } from "../../db/schema.ts";
import { ResetToken } from "../../models/reset-token.ts";
import type { User } from "../../models/user.ts";
import { ok } from "../../result.ts";
import { digest } from "../../secrets/digest.ts";
import { randomSecret } from "../../secrets/random-secret.ts";
import { isActive } from "../identity/account.ts";
import { type Result, refuse } from "../refusal.ts";

/** The purpose is part of it, so that no link of another kind opens this. */
export function resetDigest(token: string): string {
  return digest("reset", token);
}

const MINT = `
  with kept as (
    select id, hash from :users: one
    join unnest(cast(:ids as bigint[]), cast(:keys as text[]), cast(:hashes as text[])) asked (id, email_key, hash)
      using (id, email_key)
    where ${isActive("one")} for key share of one
  )
  insert into :tokens: (token_hash, user_id, expires_at)
  select hash, id, now() + make_interval(mins => :minutes) from kept returning user_id`;

/**
 * Makes a token for each of some accounts, in one statement, valid by the database's clock from now on. It makes none where
 * the account has another address meanwhile: the email goes to the one before.
 */
export async function mintResetTokens(
  db: Knex,
  users: readonly User[],
  validMinutes: number,
): Promise<Map<number, string>> {
  if (users.length === 0) return new Map();
  const minted = users.map(({ id, email_key }) => ({ id, email_key, token: randomSecret() }));
  const schema = getSchema(db);
  const { rows }: { rows: { user_id: number }[] } = await db.raw(MINT, {
    users: `${schema}.users`,
    tokens: `${schema}.reset_tokens`,
    ids: minted.map(({ id }) => id),
    keys: minted.map(({ email_key }) => email_key),
    hashes: minted.map(({ token }) => resetDigest(token)),
    minutes: validMinutes,
  });
  const kept = new Set(rows.map(({ user_id }) => user_id));
  return new Map(minted.filter(({ id }) => kept.has(id)).map(({ id, token }) => [id, token]));
}

type Refused = "token_unknown" | "token_expired" | "token_used";

/** Finds whose password a token may set. Of two who use it one does if each has the account locked first. */
export async function findResetToken(db: Knex, token: string): Promise<Result<{ userId: number }, Refused>> {
  const found = await ResetToken.query(db)
    .findById(resetDigest(token))
    .select("user_id", "used_at", raw("expires_at <= now()").as("expired"))
    .castTo<(Pick<ResetToken, "user_id" | "used_at"> & { expired: boolean }) | undefined>();
  if (!found) return refuse({ code: "token_unknown" });
  if (found.used_at) return refuse({ code: "token_used" });
  return found.expired ? refuse({ code: "token_expired" }) : ok({ userId: found.user_id });
}
