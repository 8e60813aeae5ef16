import type { Knex } from "knex";
import { transaction } from "../../db/transaction.ts";
import { toSite } from "../../limits/network.ts";
import type { SessionKind } from "../../models/session.ts";
import type { Caller } from "../caller.ts";
import type { SessionLifetimes } from "../settings.ts";
import type { AttemptedAccount } from "./attempt.ts";
import { emailAccount } from "./email-account.ts";
import { type StartedSession, startSession } from "./start.ts";

/** Starts a session as `startSession` does, and has its account's mailbox told of it: both happen or neither. */
export function startNoticed(
  db: Knex,
  lifetimes: SessionLifetimes,
  account: AttemptedAccount & { email_key: string },
  kind: SessionKind,
  caller: Caller,
): Promise<StartedSession | undefined> {
  return transaction(db, async (trx) => {
    const session = await startSession(trx, lifetimes, account, kind, caller);
    if (session)
      await emailAccount(trx, account, {
        purpose: "new_sign_in",
        key: `new sign-in ${session.id}`,
        network: toSite(caller.ip),
        details: { userAgent: caller.userAgent },
      });
    return session;
  });
}
