import type { Knex } from "knex";
import type { EventConsumer } from "../models/outbox-event.ts";

/** How many events wait for these consumers, and for how long the oldest does. What waits for others is theirs to see to. */
export async function measureWaitingEvents(
  db: Knex,
  consumers: readonly EventConsumer[],
): Promise<{ count: number; oldestSeconds: number }> {
  const waiting = db("events").whereNull("finished_at").whereIn("consumer", consumers);
  const row = await waiting.first(
    db.raw("count(*), coalesce(extract(epoch from now() - min(due_at)), 0)::float as oldest"),
  );
  return { count: row.count, oldestSeconds: row.oldest };
}
