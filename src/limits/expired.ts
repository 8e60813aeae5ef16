import type { Knex } from "knex";

/** Deletes counters an hour after their window, by the database's clock. @returns how many. */
export async function deleteExpiredCounters(db: Knex, most: number): Promise<number> {
  const ended = db("rate_limits")
    .where("expire", "<", db.raw("(extract(epoch from now() - interval '1 hour') * 1000)::bigint"))
    .orderBy("expire")
    .limit(most);
  return db("rate_limits").whereIn("key", ended.select("key").forUpdate().skipLocked()).delete();
}
