import type { Knex } from "knex";
import { raw } from "objection";
import { BATCH_SIZE, deleteInBatches } from "../../db/batches.ts";
import { EmailChange } from "../../models/email-change.ts";
import { EmailChangeToken } from "../../models/email-change-token.ts";

/** Deletes links a week after they expired, as their pages say so until then; and changes of a month ago that have none. */
export async function purgeEmailChanges(db: Knex, signal?: AbortSignal): Promise<void> {
  const expired = () =>
    EmailChangeToken.query(db)
      .where("expires_at", "<", raw("now() - interval '7 days'"))
      .orderBy("expires_at")
      .limit(BATCH_SIZE)
      .select("token_hash")
      .forUpdate()
      .skipLocked();
  await deleteInBatches(() => EmailChangeToken.query(db).delete().whereIn("token_hash", expired()), signal);

  const old = () =>
    EmailChange.query(db)
      .where("created_at", "<", raw("now() - interval '30 days'"))
      .whereNotExists(EmailChangeToken.query(db).whereColumn("email_change_id", "email_changes.id"))
      .orderBy("created_at")
      .limit(BATCH_SIZE)
      .select("id")
      .forUpdate()
      .skipLocked();
  await deleteInBatches(() => EmailChange.query(db).delete().whereIn("id", old()), signal);
}
