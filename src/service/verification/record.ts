import type { Knex } from "knex";
import { type EventRecorder, subjectOf } from "../../events/recorder.ts";
import type { User } from "../../models/user.ts";

/**
 * Tells of an account whose address was verified, and of what came and went for that, as the last of a transaction.
 * @param before the account that the address had; with another id it gave way.
 */
export async function recordVerified(
  trx: Knex.Transaction,
  events: EventRecorder,
  account: User,
  before: Pick<User, "id"> | undefined,
): Promise<void> {
  const isNew = before?.id !== account.id;
  if (before && isNew) await events.recordDeleted(trx, [before.id]);
  if (isNew) await events.record(trx, "account.created", subjectOf(account));
  await events.record(trx, "account.verified", subjectOf(account));
}
