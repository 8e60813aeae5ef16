import type { Knex } from "knex";
import { getSchema } from "../db/schema.ts";
import { transaction } from "../db/transaction.ts";
import { type EventConsumer, type EventType, OutboxEvent } from "../models/outbox-event.ts";

/** After so long nobody waits for an event any more: somebody has to look why it could not be told. */
export const GIVEN_UP_DAYS = 3;
const UNTOLD = `It could not be told within ${GIVEN_UP_DAYS} days.`;

/** @param types those that the consumer can be told: others wait for an instance that knows them. */
export type Take = { consumer: EventConsumer; types: readonly EventType[]; room: number; leaseSeconds: number };

/** @param late those that were given up because their time is over. */
export type Taken = { events: OutboxEvent[]; late: OutboxEvent[] };

// An event goes only once all before it of its account are done with, so they arrive in order. A subquery that gives a
// value is asked for one row after another, so however many wait no more are read than are taken.
const TAKE = `
  with due as (
    select id, due_at < now() - make_interval(days => ${GIVEN_UP_DAYS}) as is_late from :events: one
    where consumer = :consumer and type = any(cast(:types as text[])) and finished_at is null and available_at <= now()
      and id = (
        -- One that no handler is for any more must not hold up the others.
        select id from :events: own where own.consumer = one.consumer and own.user_id = one.user_id
          and own.finished_at is null and own.type = any(cast(:types as text[]))
        order by own.consumer, own.user_id, own.id limit 1)
    order by available_at, id limit :room for update skip locked
  )
  update :events: one set
    lease_version = lease_version + 1,
    available_at = now() + make_interval(secs => :leaseSeconds),
    finished_at = case when is_late then now() end,
    outcome = case when is_late then 'given_up' end,
    last_response = case when is_late then coalesce(last_response, :untold) else last_response end
  from due where one.id = due.id
  returning one.*`;

/** Those that only waited for one that was tried have all their time before them. */
async function renewFollowers(trx: Knex, { consumer }: Take, late: readonly OutboxEvent[]): Promise<void> {
  // This time it was leased to be given up.
  const failed = late.filter(({ lease_version }) => lease_version > 1).map(({ user_id }) => user_id);
  if (failed.length === 0) return;
  await trx.raw(
    `update :events: set due_at = now()
     where consumer = :consumer and user_id = any(cast(:failed as bigint[])) and finished_at is null`,
    { events: `${getSchema(trx)}.events`, consumer, failed },
  );
}

/** Leases events that are due, the longest waiting first, and gives up those whose time is over. */
export async function take(db: Knex, settings: Take): Promise<Taken> {
  if (settings.types.length === 0) return { events: [], late: [] };
  return transaction(db, async (trx) => {
    const { rows }: { rows: object[] } = await trx.raw(TAKE, {
      ...settings,
      types: [...settings.types],
      events: `${getSchema(trx)}.events`,
      untold: UNTOLD,
    });
    const taken = rows.map((row) => OutboxEvent.fromDatabaseJson(row)).sort((a, b) => a.id - b.id);
    const late = taken.filter(({ finished_at }) => finished_at !== null);
    await renewFollowers(trx, settings, late);
    return { events: taken.filter(({ finished_at }) => finished_at === null), late };
  });
}
