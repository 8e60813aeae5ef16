import type { Knex } from "knex";

/** How many events wait, and for how long the oldest does. */
export async function measureWaitingEvents(db: Knex): Promise<{ count: number; oldestSeconds: number }> {
  const waiting = db("events").whereNull("finished_at");
  const row = await waiting.first(
    db.raw("count(*), coalesce(extract(epoch from now() - min(due_at)), 0)::float as oldest"),
  );
  return { count: row.count, oldestSeconds: row.oldest };
}
