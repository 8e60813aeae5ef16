import type { Knex } from "knex";
import { type QueryBuilder, raw } from "objection";
import { BATCH_SIZE, deleteInBatches } from "../../db/batches.ts";
import { transaction } from "../../db/transaction.ts";
import type { EventRecorder } from "../../events/recorder.ts";
import { OutboxEmail } from "../../models/outbox-email.ts";
import { SignUp } from "../../models/sign-up.ts";
import { User } from "../../models/user.ts";
import { forgetFailures } from "../sessions/attempt.ts";
import { lockAddress } from "../verification/claim.ts";

function signUpsOf(db: Knex, { id, email_key }: User) {
  return SignUp.query(db).where((one: QueryBuilder<SignUp>) => one.where({ email_key }).orWhere({ user_id: id }));
}

/** Strangers may have made very many, which one statement could not delete in its time. Theirs are nobody's loss. */
export async function deleteManySignUps(db: Knex, user: User): Promise<void> {
  const beyond = () =>
    signUpsOf(db, user)
      .whereRaw("outcome is distinct from 'verified'")
      .orderBy("id")
      .offset(BATCH_SIZE)
      .limit(BATCH_SIZE)
      .select("id");
  await deleteInBatches(() => SignUp.query(db).delete().whereIn("id", beyond()));
}

/**
 * The email that tells of the deletion goes out after it, if it did not before. All others have nobody to go to, but those
 * about another account, which had the address before or asks for it.
 */
async function deleteEmails(trx: Knex, { id, email_key }: User): Promise<void> {
  const last = OutboxEmail.query(trx)
    .where({ user_id: id, purpose: "deletion" })
    .whereNull("finished_at")
    .orderBy("id", "desc")
    .limit(1)
    .select("id");
  await OutboxEmail.query(trx).whereIn("id", last).patch({ user_id: null });
  await OutboxEmail.query(trx)
    .where({ user_id: id })
    .orWhere((email: QueryBuilder<OutboxEmail>) =>
      email.where({ email_key, user_id: null }).whereNot({ purpose: "deletion" }),
    )
    .delete();
}

/** Deletes an account whose row and address are locked, and all that is kept of it. */
export async function removeRows(trx: Knex, user: User, events: EventRecorder): Promise<void> {
  await deleteEmails(trx, user);
  await signUpsOf(trx, user).delete();
  await forgetFailures(trx, user);
  await User.query(trx).deleteById(user.id);
  await events.recordDeleted(trx, [user.id]);
}

export type RemoveDeps = { db: Knex; events: EventRecorder };

/**
 * Deletes an account whose time has come, with its sign-ups, emails, links and sessions, in one transaction. Whatever was
 * asked for at its address is gone too, so that nothing brings it back. @throws the database's fault where an app's foreign
 * key keeps it.
 */
export async function removeAccount({ db, events }: RemoveDeps, id: number): Promise<void> {
  const late = (trx: Knex) => User.query(trx).findById(id).where("deletes_at", "<=", raw("now()"));
  const found = await late(db);
  if (!found) return;
  await deleteManySignUps(db, found);
  await transaction(db, async (trx) => {
    await lockAddress(trx, found.email_key);
    const user = await late(trx).forUpdate();
    if (!user || user.email_key !== found.email_key) return;
    await removeRows(trx, user, events);
  });
}
