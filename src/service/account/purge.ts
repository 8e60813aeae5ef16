import { raw } from "objection";
import { inBatches } from "../../db/batches.ts";
import { User } from "../../models/user.ts";
import { type RemoveDeps, removeAccount } from "./remove.ts";

/**
 * Deletes the accounts whose time has come. Instances may purge at once. @throws the fault of those that an app keeps, by a
 * foreign key, a trigger, a lock, or by rows that take too long to go along, once all others are gone.
 */
export async function purgeAccounts(deps: RemoveDeps, signal?: AbortSignal): Promise<void> {
  const late = () => User.query(deps.db).where("deletes_at", "<=", raw("now()"));
  let kept: unknown;
  await inBatches(late, { time: "deletes_at" }, signal, async (ids) => {
    for (const id of ids) {
      if (signal?.aborted) return;
      await removeAccount(deps, id).catch((fault: unknown) => {
        kept = fault;
      });
    }
  });
  if (kept) throw kept;
}
