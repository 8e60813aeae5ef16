import type { Knex } from "knex";
import { raw } from "objection";
import { getSchema } from "../../db/schema.ts";
import { EmailChange } from "../../models/email-change.ts";
import { EmailChangeToken } from "../../models/email-change-token.ts";
import { ok } from "../../result.ts";
import { digest } from "../../secrets/digest.ts";
import { randomSecret } from "../../secrets/random-secret.ts";
import { type Result, refuse } from "../refusal.ts";

export type Purpose = EmailChangeToken["purpose"];

/** For how long the mailbox of an address may have it back. */
export const UNDO_HOURS = 7 * 24;

/** The purpose is part of it, so that no link of another kind opens this. */
function tokenDigest(purpose: Purpose, token: string) {
  return digest(purpose === "confirm" ? "confirm email change" : "undo email change", token);
}

const MINT = `
  with kept as (select id from :changes: where id = any(cast(:ids as bigint[])) for key share)
  insert into :tokens: (token_hash, email_change_id, purpose, expires_at)
  select hash, id, :purpose, now() + make_interval(hours => :hours)
  from unnest(cast(:ids as bigint[]), cast(:hashes as text[])) one (id, hash) join kept using (id) returning email_change_id`;

/** Makes a token for each of some changes, in one statement, valid by the database's clock from now on. */
export async function mintTokens(
  db: Knex,
  purpose: Purpose,
  changes: readonly EmailChange[],
  validHours: number,
): Promise<Map<number, string>> {
  if (changes.length === 0) return new Map();
  const minted = changes.map(({ id }) => ({ id, token: randomSecret() }));
  const schema = getSchema(db);
  const { rows }: { rows: { email_change_id: number }[] } = await db.raw(MINT, {
    changes: `${schema}.email_changes`,
    tokens: `${schema}.email_change_tokens`,
    ids: minted.map(({ id }) => id),
    hashes: minted.map(({ token }) => tokenDigest(purpose, token)),
    purpose,
    hours: validHours,
  });
  const kept = new Set(rows.map(({ email_change_id }) => email_change_id));
  return new Map(minted.filter(({ id }) => kept.has(id)).map(({ id, token }) => [id, token]));
}

export type LinkRefused = "token_unknown" | "token_expired" | "token_used";

/** Finds the change that a token is about. Whether it may still be made, or undone, depends on what became of it. */
export async function findChange(
  db: Knex,
  purpose: Purpose,
  token: string,
): Promise<Result<EmailChange, "token_unknown" | "token_expired">> {
  const found = await EmailChangeToken.query(db)
    .findById(tokenDigest(purpose, token))
    .select("email_change_id", raw("expires_at <= now()").as("expired"))
    .castTo<{ email_change_id: number; expired: boolean } | undefined>();
  const change = found && (await EmailChange.query(db).findById(found.email_change_id));
  if (!change) return refuse({ code: "token_unknown" });
  // What was used says so, however long ago that was.
  return found.expired && (change.outcome === null || purpose === "undo")
    ? refuse({ code: "token_expired" })
    : ok(change);
}

/** Gives the mailbox of an address that an account is leaving the whole time, from now on, by the links that it has. */
export async function prolongUndo(trx: Knex, { user_id, old_email_key }: EmailChange): Promise<void> {
  const changes = EmailChange.query(trx).where({ user_id, old_email_key }).select("id");
  const until = raw("now() + make_interval(hours => ?)", [UNDO_HOURS]);
  await EmailChangeToken.query(trx)
    .where({ purpose: "undo" })
    .where("expires_at", ">", raw("now()"))
    .whereIn("email_change_id", changes)
    .patch({ expires_at: until });
}
