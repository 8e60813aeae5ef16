import { transaction } from "../../db/transaction.ts";
import { type EventRecorder, subjectOf } from "../../events/recorder.ts";
import { toSite } from "../../limits/network.ts";
import { Session } from "../../models/session.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { parseInput } from "../identity/fields.ts";
import { countInvalid } from "../invalid-input.ts";
import { placeOf } from "../place.ts";
import { type Result, refuse } from "../refusal.ts";
import { checkOwnPassword } from "../sessions/check-password.ts";
import { handOver } from "../sessions/hand-over.ts";
import type { SignInOutput } from "../sessions/input.ts";
import type { FindSession, LiveSession } from "../sessions/live.ts";
import { lockOwnAccount } from "../sessions/lock.ts";
import { renewSession } from "../sessions/renew.ts";
import type { SignInDeps } from "../sessions/sign-in.ts";
import type { StartedSession } from "../sessions/start.ts";
import { changeInput } from "./input.ts";
import { setPassword } from "./set-password.ts";

type Refused = "not_signed_in" | "invalid_input" | "invalid_credentials" | "rate_limited" | "busy";

export type ChangeDeps = Pick<SignInDeps, "db" | "hasher" | "limiter" | "settings"> & {
  events: EventRecorder;
  findSession: FindSession;
  emailQueued: () => void;
};

/** Sets the password, and ends all sessions but this one. @returns undefined where this one ended meanwhile. */
function apply(
  { db, events, settings }: ChangeDeps,
  session: LiveSession,
  hashedPassword: string,
  network: string,
): Promise<StartedSession | undefined> {
  return transaction(db, async (trx) => {
    const user = await lockOwnAccount(trx, session);
    if (!user) return undefined;
    const changed = await setPassword(trx, user, hashedPassword, { network });
    await Session.query(trx).where({ user_id: user.id }).whereNot({ id: session.id }).delete();
    await Session.query(trx).findById(session.id).patch({ epoch: changed.session_epoch });
    const renewed = await renewSession(trx, settings.sessions, session);
    await events.record(trx, "account.password_changed", subjectOf(changed));
    return renewed;
  });
}

/**
 * Changes the password of whoever is signed in and knows the current one. A wrong one counts as a failed sign-in of this
 * session. All other sessions end, and this one goes on with another token.
 */
export async function changePassword(
  deps: ChangeDeps,
  input: unknown,
  caller: Caller,
): Promise<Result<SignInOutput, Refused>> {
  const { hasher, limiter, settings, findSession, emailQueued } = deps;
  const session = await findSession(caller.credential());
  if (!session) return refuse({ code: "not_signed_in" });
  const parsed = parseInput(changeInput(settings.passwordMinLength, session.account.email), input);
  if (!parsed.ok) return countInvalid(limiter, caller, parsed);
  const { currentPassword, password } = parsed.value;

  const checked = await checkOwnPassword(deps, session, currentPassword, caller);
  if (!checked.ok) return checked;
  const hashed = await hasher.hash(password, caller.signal, placeOf(caller, "known"));
  if (!hashed.ok) return hashed;
  const renewed = await apply(deps, session, hashed.value, toSite(caller.ip));
  if (!renewed) return refuse({ code: "not_signed_in" });
  emailQueued();
  return ok(handOver(caller, settings.sessions, session, renewed));
}
