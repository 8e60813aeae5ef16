import type { Knex } from "knex";
import { raw } from "objection";
import { BATCH_SIZE, deleteInBatches, inBatches } from "../../db/batches.ts";
import { Session } from "../../models/session.ts";
import { SignInFailure } from "../../models/sign-in-failure.ts";
import { User } from "../../models/user.ts";

/** How long what failed at an address without an account is remembered. An account's stays until its owner signs in. */
const STRANGE_DAYS = 30;

/**
 * Deletes sessions past their absolute end: those that ended before open nothing, and are gone by then. Deletes old
 * failures at addresses that have no account, too. Instances may purge at once.
 */
export async function purgeSessions(db: Knex, signal?: AbortSignal): Promise<void> {
  const ended = () =>
    Session.query(db)
      .where("expires_at", "<", raw("now()"))
      .orderBy("expires_at")
      .limit(BATCH_SIZE)
      .select("id")
      .forUpdate()
      .skipLocked();
  await deleteInBatches(() => Session.query(db).delete().whereIn("id", ended()), signal);

  const old = () =>
    SignInFailure.query(db).where("failed_at", "<", raw("now() - make_interval(days => ?)", [STRANGE_DAYS]));
  await inBatches<SignInFailure, string>(old, { time: "failed_at", id: "key" }, signal, (keys) =>
    old().delete().whereIn("key", keys).whereNotExists(User.query(db).whereColumn("users.id", "user_id")),
  );
}
