import type { Knex } from "knex";
import { raw } from "objection";
import type { Logger } from "pino";
import type { KeyedMutex } from "../../admission/keyed-mutex.ts";
import { transaction } from "../../db/transaction.ts";
import { type EventRecorder, subjectOf } from "../../events/recorder.ts";
import type { Limiter } from "../../limits/limiter.ts";
import { toSite } from "../../limits/network.ts";
import { EmailChange } from "../../models/email-change.ts";
import type { User } from "../../models/user.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { NO_PASSWORD } from "../identity/password.ts";
import { type Result, refuse } from "../refusal.ts";
import { forgetFailures } from "../sessions/attempt.ts";
import { emailAccount } from "../sessions/email-account.ts";
import type { SignedInAccount } from "../sessions/input.ts";
import { lockAccount } from "../sessions/lock.ts";
import { lockAddress } from "../verification/claim.ts";
import { moveAccount, moveDespiteSignUps } from "../verification/move.ts";
import { sentToken } from "../verification/pasted.ts";
import { supersedeOthers } from "../verification/verify.ts";
import { voidResetLinks } from "../verification/void-reset-links.ts";
import { findUndoable } from "./link.ts";
import type { LinkRefused } from "./tokens.ts";

type Refused = LinkRefused | "email_taken" | "rate_limited";

/** `isBack`: whether the address had been changed, so that it had to be put back. */
type Undone = { user: User; isBack: boolean };

export type UndoDeps = {
  db: Knex;
  events: EventRecorder;
  log: Logger;
  limiter: Limiter;
  emailQueued: () => void;
  mutex: KeyedMutex<Result<SignedInAccount, Refused>>;
};

/** Whoever changed the address may have chosen the password too, or know it. So only the mailbox opens the account now. */
async function lockOut(trx: Knex, user: User): Promise<void> {
  await user.$query(trx).patch({
    hashed_password: NO_PASSWORD,
    session_epoch: raw("session_epoch + 1"),
    deletes_at: null,
  });
  await voidResetLinks(trx, user);
  await forgetFailures(trx, user);
}

async function undo(
  trx: Knex.Transaction,
  events: EventRecorder,
  { token, shown, network }: { token: string; shown: EmailChange; network: string },
): Promise<Result<Undone, Refused>> {
  const { id, user_id, old_email: email, old_email_key: email_key } = shown;
  await lockAddress(trx, email_key);
  const user = await lockAccount(trx, user_id);
  // Only now, for whoever had them locked may have made the change, or undone it.
  const found = await findUndoable(trx, token);
  if (!found.ok) return found;
  if (!user) return refuse({ code: "token_unknown" });
  const since = EmailChange.query(trx).where({ user_id }).where("id", ">=", id);
  if (!found.value.isMade) {
    await since.patch({ outcome: "cancelled" });
    return ok({ user, isBack: false });
  }
  const before = { id: user.id, email: user.email, email_key: user.email_key, language: user.language };
  const wasLeaving = user.deletes_at !== null;
  const moved = await moveAccount(trx, user, { email, email_key }, events);
  if (!moved) return refuse({ code: "email_taken", emailSent: false });
  await since.patch({ outcome: "undone" });
  await lockOut(trx, moved);
  const key = `email change ${id} undone`;
  await emailAccount(trx, moved, { purpose: "reset", key, network });
  // Its owner may be who is losing the account, to whoever reads an old mailbox of theirs.
  if (before.email_key !== email_key)
    await emailAccount(trx, before, {
      purpose: "email_change_notice",
      key: `${key} at`,
      network,
      details: { changeId: id, step: "undone" },
    });
  await events.record(trx, "account.email_changed", subjectOf(moved));
  if (wasLeaving) await events.record(trx, "account.kept", subjectOf(moved));
  return ok({ user: moved, isBack: true });
}

async function useLink(deps: UndoDeps, token: string, caller: Caller): Promise<Result<SignedInAccount, Refused>> {
  const found = await findUndoable(deps.db, token);
  if (!found.ok) return found;
  const { change } = found.value;
  const spent = await deps.limiter.spend({ ip: caller.ip });
  if (!spent.ok) return spent;
  const network = toSite(caller.ip);
  const link = { token, shown: change, network };
  const undone = await moveDespiteSignUps(() => transaction(deps.db, (trx) => undo(trx, deps.events, link)));
  if (!undone.ok) return undone;
  const { user, isBack } = undone.value;
  if (isBack) {
    void supersedeOthers(deps, user.email_key);
    deps.emailQueued();
  }
  return ok({ id: user.id, email: user.email, verified: true });
}

/**
 * Undoes a change of address for whoever reads the mailbox of the address before. One that was not made comes to nothing.
 * After one that was made the address is back, all sessions end, the password opens nothing any more, and a link to set
 * another is mailed there.
 */
export async function undoEmailChange(
  deps: UndoDeps,
  input: unknown,
  caller: Caller,
): Promise<Result<SignedInAccount, Refused>> {
  const token = sentToken(input);
  if (token === undefined) return refuse({ code: "token_unknown" });
  return deps.mutex(token, () => useLink(deps, token, caller));
}
