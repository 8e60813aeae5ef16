import type { Knex } from "knex";
import { type QueryBuilder, raw } from "objection";
import { BATCH_SIZE, deleteInBatches, inBatches } from "../../db/batches.ts";
import { violatesForeignKey } from "../../db/faults.ts";
import { transaction } from "../../db/transaction.ts";
import type { EventRecorder } from "../../events/recorder.ts";
import { deleteExpiredCounters } from "../../limits/expired.ts";
import { OutboxEmail } from "../../models/outbox-email.ts";
import { SignUp } from "../../models/sign-up.ts";
import { User } from "../../models/user.ts";
import { replacedName } from "./claim.ts";

/** One value for all of a batch, where a list would be hundreds. */
const AMONG = "id = any(?::bigint[])";

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

export type PurgeDeps = { db: Knex; events: EventRecorder };

/** Those whose end is yet to be told: of one that gave way to another it was when it did. */
function idsToTell(deleted: readonly User[]): number[] {
  return deleted.filter(({ id, email_key }) => email_key !== replacedName(id)).map(({ id }) => id);
}

/**
 * Deletes unverified accounts past their time and sign-ups older than `days`, unless an email about them waits or went
 * out lately. Deletes ended counters of limits, too. Instances may purge at once, and beside people who verify.
 */
export async function purge({ db, events }: PurgeDeps, days: number, signal?: AbortSignal): Promise<void> {
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
  await inBatches(oldSignUps, { time: "created_at" }, signal, (ids) => {
    const old = oldSignUps().whereRaw(AMONG, [ids]).whereNotIn("email_key", recentlyMailed(SignUp, ids));
    return SignUp.query(db).delete().whereIn("id", old.select("id").forUpdate().skipLocked());
  });

  // Those about a sign-up go with it. What tells of a change waits as long as the mail server is away; what anybody may ask
  // for at any address does not.
  const oldEmails = () =>
    OutboxEmail.query(db)
      .whereNull("sign_up_id")
      .where("created_at", "<", longAgo)
      .where((email: QueryBuilder<OutboxEmail>) =>
        email
          .whereNotNull("finished_at")
          .orWhere((asked: QueryBuilder<OutboxEmail>) => asked.whereNull("user_id").whereNot({ purpose: "deletion" })),
      );
  await inBatches(oldEmails, { time: "created_at" }, signal, (ids) =>
    OutboxEmail.query(db).delete().whereRaw(AMONG, [ids]),
  );

  await deleteInBatches(() => deleteExpiredCounters(db, BATCH_SIZE), signal);

  // Last, because an app's foreign key may keep some. And their sign-ups before them: strangers may have made very many.
  let kept: unknown;
  const lateUsers = (handle = db) =>
    User.query(handle).whereNull("email_verified_at").where("unverified_expires_at", "<", raw("now()"));
  await inBatches(lateUsers, { time: "unverified_expires_at" }, signal, async (ids) => {
    // Not one that is being verified at this moment, or that another instance has.
    const late = (some: readonly number[], handle = db) =>
      lateUsers(handle)
        .whereRaw(AMONG, [some])
        .whereNotIn("email_key", recentlyMailed(User, some))
        .select("id")
        .forUpdate()
        .skipLocked();
    const signUps = SignUp.query(db).whereIn("user_id", late(ids)).select("id").limit(BATCH_SIZE);
    await deleteInBatches(() => SignUp.query(db).delete().whereIn("id", signUps));
    const deleteLate = (some: readonly number[]) =>
      transaction(db, async (trx) => {
        const deleted = User.query(trx).delete().whereIn("id", late(some, trx)).returning(["id", "email_key"]);
        await events.recordDeleted(trx, idsToTell(await deleted));
      });
    kept = (await deleteUnlessKept(deleteLate, ids)) ?? kept;
  });
  if (kept) throw kept;
}
