import type { Knex } from "knex";
import { getSchema } from "../../db/schema.ts";
import { ok } from "../../result.ts";
import { digest } from "../../secrets/digest.ts";
import type { Caller } from "../caller.ts";
import { parseInput } from "../identity/fields.ts";
import { countInvalid } from "../invalid-input.ts";
import { type Result, refuse } from "../refusal.ts";
import type { SessionLifetimes } from "../settings.ts";
import { checkPassword } from "./check-password.ts";
import { reauthenticateInput, type SignInOutput } from "./input.ts";
import type { FindSession, LiveSession } from "./live.ts";
import type { SignInDeps } from "./sign-in.ts";
import type { StartedSession } from "./start.ts";
import { newSessionToken } from "./token.ts";

type Refused = "not_signed_in" | "invalid_input" | "invalid_credentials" | "rate_limited" | "busy";

/** The same session goes on, as from now (NIST SP 800-63B-4 section 5.2). */
const RENEW = `
  update :sessions: s set token_hash = :hash, authenticated_at = now(), last_seen_at = now(),
    expires_at = now() + make_interval(secs => :seconds)
  from :users: u where s.id = :id and s.token_hash = :before and u.id = s.user_id and u.session_epoch = s.epoch
  returning s.expires_at`;

async function renew(
  db: Knex,
  lifetimes: SessionLifetimes,
  { id, tokenHash, kind }: LiveSession,
): Promise<StartedSession | undefined> {
  const token = newSessionToken(kind === "bearer" ? "bearer" : "cookie");
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

/**
 * Has somebody who is signed in prove the password again. The session gets another token, so that one that was stolen
 * before opens nothing after. Wrong passwords count for this session alone, so strangers cannot lock it out.
 */
export async function reauthenticate(
  deps: SignInDeps & { findSession: FindSession },
  input: unknown,
  caller: Caller,
): Promise<Result<SignInOutput, Refused>> {
  const session = await deps.findSession(caller.credential());
  if (!session) return refuse({ code: "not_signed_in" });
  const parsed = parseInput(reauthenticateInput, input);
  if (!parsed.ok) return countInvalid(deps.limiter, caller, parsed);
  const { password } = parsed.value;
  const { id, email, emailKey, verified } = session.account;

  const checked = await checkPassword(deps, { emailKey, password, caller, knownBy: `session ${session.id}` });
  if (!checked.ok) return checked;
  const renewed = checked.value.id === id ? await renew(deps.db, deps.settings.sessions, session) : undefined;
  if (!renewed) return refuse({ code: "not_signed_in" });
  deps.rehash(checked.value, password);
  if (session.kind === "bearer")
    return ok({ id, email, verified, token: renewed.token, expiresAt: renewed.expiresAt.toISOString() });
  const { seconds } = deps.settings.sessions[session.kind];
  caller.keepSession(renewed.token, session.kind === "kept" ? seconds : undefined);
  return ok({ id, email, verified });
}
