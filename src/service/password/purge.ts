import type { Knex } from "knex";
import { raw } from "objection";
import { BATCH_SIZE, deleteInBatches } from "../../db/batches.ts";
import { ResetToken } from "../../models/reset-token.ts";

/** Deletes links a week after they expired: until then their pages can say so. */
export async function purgeResetTokens(db: Knex, signal?: AbortSignal): Promise<void> {
  const expired = () =>
    ResetToken.query(db)
      .where("expires_at", "<", raw("now() - interval '7 days'"))
      .orderBy("expires_at")
      .limit(BATCH_SIZE)
      .select("token_hash")
      .forUpdate()
      .skipLocked();
  await deleteInBatches(() => ResetToken.query(db).delete().whereIn("token_hash", expired()), signal);
}
