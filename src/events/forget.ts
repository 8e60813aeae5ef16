import type { Knex } from "knex";
import { raw } from "objection";
import { BATCH_SIZE, deleteInBatches } from "../db/batches.ts";
import { getSchema } from "../db/schema.ts";
import { OutboxEvent } from "../models/outbox-event.ts";

// In one order, or two who delete could wait for each other. What a receiver said may quote the address.
const FORGET = `
  with known as (
    select id, finished_at from :events: where user_id = any(cast(:ids as bigint[])) order by id for update
  ), told as (delete from :events: one using known where one.id = known.id and known.finished_at is not null)
  update :events: one set data = data || '{"email": null}', last_response = null
  from known where one.id = known.id and known.finished_at is null and data -> 'email' is not null`;

/** Forgets the addresses of accounts that are deleted: what was told of them goes, and what is yet to be told has none. */
export async function forgetEvents(trx: Knex, ids: readonly number[]): Promise<void> {
  await trx.raw(FORGET, { events: `${getSchema(trx)}.events`, ids: [...ids] });
}

/** For how many days events are kept once they were told, and once they were given up, when they may be replayed. */
const [TOLD_DAYS, GIVEN_UP_DAYS] = [7, 90];

/** Whoever still waits after so many days waits for nobody: no WEBHOOK_URL any more, no handler, or one that never takes any. */
const UNWANTED_DAYS = 100;

function daysAgo(days: number) {
  return raw("now() - make_interval(days => ?)", [days]);
}

/** Deletes events whose time is over. Instances may purge at once. */
export async function purgeEvents(db: Knex, signal?: AbortSignal): Promise<void> {
  const events = () => OutboxEvent.query(db);
  const over = [
    () => events().where("finished_at", "<", daysAgo(TOLD_DAYS)).whereNot({ outcome: "given_up" }),
    () => events().where("finished_at", "<", daysAgo(GIVEN_UP_DAYS)),
    () => events().whereNull("finished_at").where("created_at", "<", daysAgo(UNWANTED_DAYS)),
  ];
  for (const rows of over) {
    const batch = () => rows().limit(BATCH_SIZE).select("id").forUpdate().skipLocked();
    await deleteInBatches(() => events().delete().whereIn("id", batch()), signal);
  }
}
