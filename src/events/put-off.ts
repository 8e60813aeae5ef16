import { setImmediate } from "node:timers/promises";
import type { Knex } from "knex";
import { getSchema } from "../db/schema.ts";
import { transaction } from "../db/transaction.ts";
import type { Take } from "./take.ts";

/** Rows a statement. */
const MOST = 1000;
/** So many of one account may wait as they are: to look whether one may go takes less than to write when it may. */
const FEW = 10;

// One whose lease runs is available sooner than the longest lease ends: it may be done with at any moment.
const PUT_OFF = `
  with waiting as (
    select id, user_id from :events:
    where consumer = :consumer and type = any(cast(:types as text[])) and finished_at is null and available_at <= now()
    order by available_at, id limit ${MOST} for update skip locked
  ), crowded as (
    select user_id from waiting group by user_id having count(*) > ${FEW}
  ), held as (
    select user_id, first.available_at from crowded cross join lateral (
      select available_at from :events: own where own.consumer = :consumer and own.user_id = crowded.user_id
        and own.finished_at is null and own.type = any(cast(:types as text[]))
      order by own.consumer, own.user_id, own.id limit 1
    ) first
    where first.available_at > now() + make_interval(secs => :leaseSeconds)
  )
  update :events: one set available_at = held.available_at
  from waiting join held using (user_id) where one.id = waiting.id
  returning one.id`;

/**
 * Puts off what waits for an event of its account that is tried again later, until that is. Else each take would look at all
 * of them, and one account could make it take as long as it likes.
 */
export async function putOff(db: Knex, { consumer, types, leaseSeconds }: Omit<Take, "room">): Promise<void> {
  const batch = () =>
    transaction(db, async (trx): Promise<number> => {
      const events = `${getSchema(trx)}.events`;
      const { rows }: { rows: object[] } = await trx.raw(PUT_OFF, {
        events,
        consumer,
        types: [...types],
        leaseSeconds,
      });
      return rows.length;
    });
  while ((await batch()) > 0) await setImmediate();
}
