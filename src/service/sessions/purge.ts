import { setImmediate } from "node:timers/promises";
import type { Knex } from "knex";
import { raw } from "objection";
import { Session } from "../../models/session.ts";
import { User } from "../../models/user.ts";

/** Rows a statement: on the embedded database all else waits meanwhile. */
const BATCH_SIZE = 250;
/** How long what failed at an address without an account is remembered. An account's stays until its owner signs in. */
const STRANGE_DAYS = 30;

type Failure = { key: string; failed_at: Date };

/** Oldest first, and each only once, for those of accounts stay. */
async function purgeFailures(db: Knex, signal: AbortSignal | undefined) {
  let last: Failure | undefined;
  do {
    const old = db("sign_in_failures")
      .select("key", "user_id", "failed_at")
      .whereRaw("failed_at < now() - make_interval(days => ?)", [STRANGE_DAYS])
      .orderBy(["failed_at", "key"])
      .limit(BATCH_SIZE);
    if (last) old.whereRaw("(failed_at, key) > (?, ?)", [last.failed_at, last.key]);
    const found: (Failure & { user_id: number | null })[] = await old;
    const users = await User.query(db)
      .whereIn(
        "id",
        found.flatMap(({ user_id }) => user_id ?? []),
      )
      .select("id");
    const kept = new Set(users.map(({ id }) => id));
    const strange = found.filter(({ user_id }) => user_id === null || !kept.has(user_id)).map(({ key }) => key);
    if (strange.length > 0)
      await db("sign_in_failures")
        .whereIn("key", strange)
        .whereRaw("failed_at < now() - make_interval(days => ?)", [STRANGE_DAYS])
        .delete();
    last = found.length === BATCH_SIZE ? found.at(-1) : undefined;
    await setImmediate();
  } while (last && !signal?.aborted);
}

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
  while (!signal?.aborted && (await Session.query(db).delete().whereIn("id", ended())) === BATCH_SIZE)
    await setImmediate();
  await purgeFailures(db, signal);
}
