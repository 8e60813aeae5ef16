import type { Knex } from "knex";
import { raw } from "objection";
import { BATCH_SIZE, deleteInBatches } from "../db/batches.ts";
import { getSchema } from "../db/schema.ts";
import { OutboxEvent } from "../models/outbox-event.ts";

const FORGET = `
  with told as (delete from :events: where user_id = any(cast(:ids as bigint[])) and finished_at is not null)
  update :events: set data = data || '{"email": null}'
  where user_id = any(cast(:ids as bigint[])) and finished_at is null and data -> 'email' is not null`;

/** Forgets the addresses of accounts that are deleted: what was told of them goes, and what is yet to be told has none. */
export async function forgetEvents(trx: Knex, ids: readonly number[]): Promise<void> {
  await trx.raw(FORGET, { events: `${getSchema(trx)}.events`, ids: [...ids] });
}

/** For how many days events are kept once they were told, and once they were given up, when they may be replayed. */
const [TOLD_DAYS, GIVEN_UP_DAYS] = [7, 90];

/** Those that wait for so many days wait for nobody: there is no WEBHOOK_URL any more, or no handler. */
const UNWANTED_DAYS = 90;

function daysAgo(days: number) {
  return raw("now() - make_interval(days => ?)", [days]);
}

/** Deletes events whose time is over. Instances may purge at once. */
export async function purgeEvents(db: Knex, signal?: AbortSignal): Promise<void> {
  const events = () => OutboxEvent.query(db);
  const over = [
    () => events().where("finished_at", "<", daysAgo(TOLD_DAYS)).whereNot({ outcome: "given_up" }),
    () => events().where("finished_at", "<", daysAgo(GIVEN_UP_DAYS)),
    () => events().whereNull("finished_at").where("due_at", "<", daysAgo(UNWANTED_DAYS)),
  ];
  for (const rows of over) {
    const batch = () => rows().limit(BATCH_SIZE).select("id").forUpdate().skipLocked();
    await deleteInBatches(() => events().delete().whereIn("id", batch()), signal);
  }
}
