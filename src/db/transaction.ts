import { setTimeout } from "node:timers/promises";
import type { Knex } from "knex";
import { isRepeatable } from "./faults.ts";

const MAX_TRIES = 5;
const MAX_WAIT_MS = 50;

/** Retries a transaction that lost a conflict or did not begin: up to five tries, with random waits between them. */
export async function withRetries<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (fault) {
      if (!isRepeatable(fault) || tries === MAX_TRIES) throw fault;
      await setTimeout(Math.random() * MAX_WAIT_MS * tries);
    }
  }
}

/** Runs work in one transaction, again after a conflict: so it must have no effect outside the database. */
export function transaction<T>(db: Knex, work: (trx: Knex.Transaction) => Promise<T>): Promise<T> {
  return withRetries(() => db.transaction(work));
}
