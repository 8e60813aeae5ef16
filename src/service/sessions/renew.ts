import type { Knex } from "knex";
import { getSchema } from "../../db/schema.ts";
import { digest } from "../../secrets/digest.ts";
import type { SessionLifetimes } from "../settings.ts";
import type { LiveSession } from "./live.ts";
import type { StartedSession } from "./start.ts";
import { newSessionToken } from "./token.ts";

/** The same session goes on, as from now (NIST SP 800-63B-4 section 5.2). */
const RENEW = `
  update :sessions: s set token_hash = :hash, authenticated_at = now(), last_seen_at = now(),
    expires_at = now() + make_interval(secs => :seconds)
  from :users: u where s.id = :id and s.token_hash = :before and u.id = s.user_id and u.session_epoch = s.epoch
  returning s.expires_at`;

/**
 * Gives a session another token, and a new time. @returns undefined where it ended meanwhile, or another renewed it first.
 */
export async function renewSession(
  db: Knex,
  lifetimes: SessionLifetimes,
  { id, tokenHash, kind }: LiveSession,
): Promise<StartedSession | undefined> {
  const token = newSessionToken(kind);
  const { seconds } = lifetimes[kind];
  const schema = getSchema(db);
  const names = { sessions: `${schema}.sessions`, users: `${schema}.users` };
  const { rows }: { rows: { expires_at: Date }[] } = await db.raw(RENEW, {
    ...names,
    hash: digest(token),
    seconds,
    id,
    before: tokenHash,
  });
  return rows[0] && { token, expiresAt: rows[0].expires_at };
}
