import { raw } from "objection";
import type { Logger } from "pino";
import { transaction } from "../../db/transaction.ts";
import { type EventRecorder, subjectOf } from "../../events/recorder.ts";
import { toSite } from "../../limits/network.ts";
import { EmailChange } from "../../models/email-change.ts";
import { Session } from "../../models/session.ts";
import type { User } from "../../models/user.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { UNDO_HOURS } from "../email-change/tokens.ts";
import { parseInput } from "../identity/fields.ts";
import { countInvalid } from "../invalid-input.ts";
import { type Result, refuse } from "../refusal.ts";
import type { CheckPasswordDeps } from "../sessions/check-password.ts";
import { emailAccount } from "../sessions/email-account.ts";
import type { FindSession, LiveSession } from "../sessions/live.ts";
import { lockOwnAccount } from "../sessions/lock.ts";
import { requireRecent } from "../sessions/require-recent.ts";
import type { ServiceSettings } from "../settings.ts";
import { type DeleteOutput, deleteInput } from "./input.ts";
import { removeAccount } from "./remove.ts";

type Refused =
  | "not_signed_in"
  | "reauthentication_required"
  | "invalid_input"
  | "invalid_credentials"
  | "rate_limited"
  | "busy";

export type DeleteDeps = CheckPasswordDeps & {
  events: EventRecorder;
  settings: ServiceSettings;
  findSession: FindSession;
  emailQueued: () => void;
  log: Logger;
};

/** All sessions end, and the mailbox is told, in one transaction. Whoever asks again is no later deleted for it. */
function leave({ db, events, settings }: DeleteDeps, session: LiveSession, network: string): Promise<Date | undefined> {
  return transaction(db, async (trx) => {
    const user = await lockOwnAccount(trx, session);
    if (!user) return undefined;
    const undone = EmailChange.query(trx)
      .where({ user_id: user.id, outcome: "done" })
      .max(raw("changed_at + make_interval(hours => ?)", [UNDO_HOURS]));
    // Not before the mailbox of an address that the account had can no longer say that this was not them.
    const deletesAt = raw("least(deletes_at, greatest(now() + make_interval(days => ?), (?)))", [
      settings.deletionGraceDays,
      undone,
    ]);
    const leaving: User = await user
      .$query(trx)
      .patchAndFetch({ deletes_at: deletesAt, session_epoch: raw("session_epoch + 1") });
    await Session.query(trx).where({ user_id: user.id }).delete();
    await emailAccount(trx, user, {
      purpose: "deletion",
      key: `deletion ${user.id} ${leaving.session_epoch}`,
      network,
      details: { step: "asked" },
    });
    await events.record(trx, "account.deletion_requested", subjectOf(leaving));
    return leaving.deletes_at ?? undefined;
  });
}

/**
 * Has the account of whoever is signed in deleted, after a time in which signing in lets them keep it.
 * @param input `{}`, with `password` where the last authentication is too long ago.
 */
export async function deleteAccount(
  deps: DeleteDeps,
  input: unknown,
  caller: Caller,
): Promise<Result<DeleteOutput, Refused>> {
  const session = await deps.findSession(caller.credential());
  if (!session) return refuse({ code: "not_signed_in" });
  const parsed = parseInput(deleteInput, input);
  if (!parsed.ok) return countInvalid(deps.limiter, caller, parsed);
  const recent = await requireRecent(deps, session, parsed.value.password, caller);
  if (!recent.ok) return recent;

  const deletesAt = await leave(deps, session, toSite(caller.ip));
  if (!deletesAt) return refuse({ code: "not_signed_in" });
  caller.forgetSession();
  // Where its time has come. Else the purge will see to it.
  if (deps.settings.deletionGraceDays === 0) await removeAtOnce(deps, session);
  deps.emailQueued();
  return ok({ deletesAt: deletesAt.toISOString() });
}

/** Nobody gets in any more. What keeps the row, such as an app's foreign key, only has the purge try again. */
async function removeAtOnce({ db, events, log }: DeleteDeps, { account }: LiveSession): Promise<void> {
  await removeAccount({ db, events }, account.id).catch((fault: unknown) => {
    log.error({ err: fault, account: account.id }, "an account that is to be deleted is still there");
  });
}
