import { setImmediate } from "node:timers/promises";
import type { Knex } from "knex";
import { type Model, type QueryBuilder, raw } from "objection";
import { violatesForeignKey } from "../../db/faults.ts";
import { deleteExpiredCounters } from "../../limits/expired.ts";
import { OutboxEmail } from "../../models/outbox-email.ts";
import { SignUp } from "../../models/sign-up.ts";
import { User } from "../../models/user.ts";

/** Rows a statement. What hangs on them is deleted with them, and on the embedded database all else waits meanwhile. */
const BATCH_SIZE = 250;

/** A time as a text that every database reads alike, and that is exact, as a Date is not. */
const EXACT_TIME = `to_char(?? at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** One value for all of a batch, where a list would be hundreds. */
const AMONG = "id = any(?::bigint[])";

type Row = { id: number; at: string };

/** Works oldest first. Each statement is short however many rows stay, and others have their turn in between. */
async function inBatches<M extends Model>(
  rows: () => QueryBuilder<M, M[]>,
  time: string,
  signal: AbortSignal | undefined,
  work: (ids: number[]) => PromiseLike<unknown>,
) {
  let last: Row | undefined;
  do {
    const batch = rows()
      .select("id", raw(EXACT_TIME, [time]).as("at"))
      .orderBy([time, "id"])
      .limit(BATCH_SIZE);
    if (last) batch.whereRaw("(??, id) > (?::timestamptz, ?)", [time, last.at, last.id]);
    const found = await batch.castTo<Row[]>();
    if (found.length > 0) await work(found.map(({ id }) => id));
    last = found.length === BATCH_SIZE ? found.at(-1) : undefined;
    await setImmediate();
  } while (last && !signal?.aborted);
}

/**
 * Deletes rows of which an app may keep some, by a foreign key without `on delete cascade`: then the others one by one.
 * @returns the fault of those that were kept.
 */
async function deleteUnlessKept(work: (ids: readonly number[]) => PromiseLike<unknown>, ids: readonly number[]) {
  try {
    await work(ids);
  } catch (fault) {
    if (!violatesForeignKey(fault)) throw fault;
    if (ids.length > 1) for (const id of ids) await deleteUnlessKept(work, [id]);
    return fault;
  }
}

/**
 * Deletes unverified accounts past their time and sign-ups older than `days`, unless an email about them waits or went
 * out lately. Deletes ended counters of limits, too. Instances may purge at once, and beside people who verify.
 */
export async function purge(db: Knex, days: number, signal?: AbortSignal): Promise<void> {
  const longAgo = raw("now() - make_interval(days => ?)", [days]);
  // Once for a batch, not for each of its rows: strangers may have caused very many at one address.
  const recentlyMailed = (model: typeof User | typeof SignUp, ids: readonly number[]) =>
    OutboxEmail.query(db)
      .whereIn(
        "email_key",
        db(model.tableName)
          .whereIn("id", [...ids])
          .select("email_key"),
      )
      .where((email: QueryBuilder<OutboxEmail>) => email.whereNull("finished_at").orWhere("finished_at", ">", longAgo))
      .select("email_key");

  const oldSignUps = () => SignUp.query(db).where("created_at", "<", longAgo);
  await inBatches(oldSignUps, "created_at", signal, (ids) => {
    const old = oldSignUps().whereRaw(AMONG, [ids]).whereNotIn("email_key", recentlyMailed(SignUp, ids));
    return SignUp.query(db).delete().whereIn("id", old.select("id").forUpdate().skipLocked());
  });

  // Those about a sign-up go with it.
  const oldEmails = () => OutboxEmail.query(db).whereNull("sign_up_id").where("created_at", "<", longAgo);
  await inBatches(oldEmails, "created_at", signal, (ids) => OutboxEmail.query(db).delete().whereRaw(AMONG, [ids]));

  while (!signal?.aborted && (await deleteExpiredCounters(db, BATCH_SIZE)) === BATCH_SIZE) await setImmediate();

  // Last, because an app's foreign key may keep some. And their sign-ups before them: strangers may have made very many.
  let kept: unknown;
  const lateUsers = () =>
    User.query(db).whereNull("email_verified_at").where("unverified_expires_at", "<", raw("now()"));
  await inBatches(lateUsers, "unverified_expires_at", signal, async (ids) => {
    // Not one that is being verified at this moment, or that another instance has.
    const late = (some: readonly number[]) =>
      lateUsers()
        .whereRaw(AMONG, [some])
        .whereNotIn("email_key", recentlyMailed(User, some))
        .select("id")
        .forUpdate()
        .skipLocked();
    const signUps = SignUp.query(db).whereIn("user_id", late(ids)).select("id").limit(BATCH_SIZE);
    while ((await SignUp.query(db).delete().whereIn("id", signUps)) === BATCH_SIZE) await setImmediate();
    kept = (await deleteUnlessKept((some) => User.query(db).delete().whereIn("id", late(some)), ids)) ?? kept;
  });
  if (kept) throw kept;
}
