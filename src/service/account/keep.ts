import type { Knex } from "knex";
import { transaction } from "../../db/transaction.ts";
import { type EventRecorder, subjectOf } from "../../events/recorder.ts";
import { toSite } from "../../limits/network.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { type Result, refuse } from "../refusal.ts";
import { emailAccount } from "../sessions/email-account.ts";
import { toOutput } from "../sessions/hand-over.ts";
import type { SignedInAccount } from "../sessions/input.ts";
import type { FindSession } from "../sessions/live.ts";
import { lockOwnAccount } from "../sessions/lock.ts";

export type KeepDeps = { db: Knex; events: EventRecorder; findSession: FindSession; emailQueued: () => void };

/** Keeps an account that was to be deleted, for whoever signed in to it. Where it was not, there is nothing to do. */
export async function keepAccount(
  { db, events, findSession, emailQueued }: KeepDeps,
  caller: Caller,
): Promise<Result<SignedInAccount, "not_signed_in">> {
  const session = await findSession(caller.credential());
  if (!session) return refuse({ code: "not_signed_in" });
  const network = toSite(caller.ip);
  const kept = await transaction(db, async (trx) => {
    const user = await lockOwnAccount(trx, session);
    if (!user) return undefined;
    if (!user.deletes_at) return { isTold: false };
    const { id, session_epoch } = user;
    const email = {
      purpose: "deletion",
      key: `kept ${id} ${session_epoch}`,
      network,
      details: { step: "kept" },
    } as const;
    await emailAccount(trx, user, email);
    await user.$query(trx).patch({ deletes_at: null });
    await events.record(trx, "account.kept", subjectOf(user));
    return { isTold: true };
  });
  if (!kept) return refuse({ code: "not_signed_in" });
  if (kept.isTold) emailQueued();
  return ok(toOutput({ ...session.account, deletesAt: null }));
}
