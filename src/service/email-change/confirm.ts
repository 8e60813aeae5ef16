import type { Knex } from "knex";
import { raw } from "objection";
import type { Logger } from "pino";
import type { KeyedMutex } from "../../admission/keyed-mutex.ts";
import { transaction } from "../../db/transaction.ts";
import { type EventRecorder, subjectOf } from "../../events/recorder.ts";
import type { Limiter } from "../../limits/limiter.ts";
import { toSite } from "../../limits/network.ts";
import type { EmailChange } from "../../models/email-change.ts";
import type { User } from "../../models/user.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { type Result, refuse } from "../refusal.ts";
import { forgetStrangers } from "../sessions/attempt.ts";
import { emailAccount } from "../sessions/email-account.ts";
import type { SignedInAccount } from "../sessions/input.ts";
import type { KnownBrowsers } from "../sessions/known-browser.ts";
import { lockAccount } from "../sessions/lock.ts";
import { rememberBrowser } from "../sessions/sign-in.ts";
import { lockAddress } from "../verification/claim.ts";
import { moveAccount, moveDespiteSignUps } from "../verification/move.ts";
import { sentToken } from "../verification/pasted.ts";
import { supersedeOthers } from "../verification/verify.ts";
import { voidResetLinks } from "../verification/void-reset-links.ts";
import { findOpenChange } from "./link.ts";
import { type LinkRefused, prolongUndo, UNDO_HOURS } from "./tokens.ts";

type Refused = LinkRefused | "email_taken" | "rate_limited";

export type ConfirmDeps = {
  db: Knex;
  events: EventRecorder;
  limiter: Limiter;
  knownBrowsers: KnownBrowsers;
  emailQueued: () => void;
  log: Logger;
  mutex: KeyedMutex<Result<SignedInAccount, Refused>>;
};

type Made = { user: User; change: EmailChange };

async function make(
  trx: Knex.Transaction,
  events: EventRecorder,
  { token, shown, network }: { token: string; shown: EmailChange; network: string },
): Promise<Result<Made, Refused>> {
  await lockAddress(trx, shown.new_email_key);
  const user = await lockAccount(trx, shown.user_id);
  // Only now, for whoever had them locked may have made it, or had it come to nothing.
  const found = await findOpenChange(trx, token);
  if (!found.ok) return found;
  const change = found.value;
  if (!user) return refuse({ code: "token_unknown" });
  const before = { id: user.id, email: user.email, email_key: user.email_key, language: user.language };
  const { new_email: email, new_email_key: email_key } = change;
  const moved = await moveAccount(trx, user, { email, email_key }, events);
  if (!moved) return refuse({ code: "email_taken", emailSent: false });
  await change.$query(trx).patch({ outcome: "done", changed_at: moved.updated_at });
  // Or the account might be gone while the mailbox before may still have it back.
  if (moved.deletes_at)
    await moved
      .$query(trx)
      .patch({ deletes_at: raw("greatest(deletes_at, now() + make_interval(hours => ?))", [UNDO_HOURS]) });
  await voidResetLinks(trx, moved);
  await forgetStrangers(trx, moved.email_key);
  await prolongUndo(trx, change);
  const key = `email change ${change.id} done`;
  await emailAccount(trx, before, { purpose: "email_change_notice", key, network, details: { changeId: change.id } });
  await events.record(trx, "account.email_changed", subjectOf(moved));
  return ok({ user: moved, change });
}

async function useLink(deps: ConfirmDeps, token: string, caller: Caller): Promise<Result<SignedInAccount, Refused>> {
  const found = await findOpenChange(deps.db, token);
  if (!found.ok) return found;
  const spent = await deps.limiter.spend({ ip: caller.ip });
  if (!spent.ok) return spent;
  const network = toSite(caller.ip);
  const link = { token, shown: found.value, network };
  const made = await moveDespiteSignUps(() => transaction(deps.db, (trx) => make(trx, deps.events, link)));
  if (!made.ok) return made;
  const { user, change } = made.value;
  void supersedeOthers(deps, user.email_key);
  deps.emailQueued();
  if (deps.knownBrowsers.find(caller.knownProofs, change.old_email_key))
    rememberBrowser(deps.knownBrowsers, user.email_key, caller);
  return ok({ id: user.id, email: user.email, verified: true });
}

/**
 * Makes the address that a link was sent to the account's. It signs nobody in. Sessions go on, links to set a password are
 * void, and the mailbox of the address before may undo it. Of two accounts that ask for one address the first gets it.
 */
export async function confirmEmailChange(
  deps: ConfirmDeps,
  input: unknown,
  caller: Caller,
): Promise<Result<SignedInAccount, Refused>> {
  const token = sentToken(input);
  if (token === undefined) return refuse({ code: "token_unknown" });
  return deps.mutex(token, () => useLink(deps, token, caller));
}
