import { setImmediate } from "node:timers/promises";
import type { Knex } from "knex";
import { raw } from "objection";
import { ResetToken } from "../../models/reset-token.ts";

/** Rows a statement: on the embedded database all else waits meanwhile. */
const BATCH_SIZE = 250;

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
  while (!signal?.aborted && (await ResetToken.query(db).delete().whereIn("token_hash", expired())) === BATCH_SIZE)
    await setImmediate();
}
