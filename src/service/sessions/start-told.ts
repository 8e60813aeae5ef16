import type { Knex } from "knex";
import { transaction } from "../../db/transaction.ts";
import type { EventRecorder } from "../../events/recorder.ts";
import { toSite } from "../../limits/network.ts";
import type { SessionKind } from "../../models/session.ts";
import type { Caller } from "../caller.ts";
import type { SessionLifetimes } from "../settings.ts";
import { emailAccount } from "./email-account.ts";
import { type SignedInAs, type StartedSession, startSession } from "./start.ts";

export type StartDeps = { db: Knex; events: EventRecorder; settings: { sessions: SessionLifetimes } };

/** Whoever signs in has a verified address. */
type SignedIn = SignedInAs & { email: string; email_key: string; language: string | null };

/**
 * Starts a session as `startSession` does, and tells of it: all happens or nothing.
 * @param isNoticed whether the account's mailbox is told too.
 */
export async function startTold(
  { db, events, settings: { sessions } }: StartDeps,
  account: SignedIn,
  kind: SessionKind,
  caller: Caller,
  { isNoticed }: { isNoticed: boolean },
): Promise<StartedSession | undefined> {
  if (!isNoticed && !events.wants("account.signed_in")) return startSession(db, sessions, account, kind, caller);
  return transaction(db, async (trx) => {
    const session = await startSession(trx, sessions, account, kind, caller);
    if (!session) return undefined;
    if (isNoticed)
      await emailAccount(trx, account, {
        purpose: "new_sign_in",
        key: `new sign-in ${session.id}`,
        network: toSite(caller.ip),
        details: { userAgent: caller.userAgent },
      });
    const { id, email } = account;
    await events.record(trx, "account.signed_in", { id, email, verified: true });
    return session;
  });
}
