import { setTimeout } from "node:timers/promises";
import type { Knex } from "knex";
import { isUndone } from "./faults.ts";

const TRIES = 5;
const LONGEST_WAIT_MS = 50;

/** Does a whole transaction again where it was undone for the sake of another, a few times, each after a wait by chance. */
export async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (fault) {
      if (!isUndone(fault) || tries === TRIES) throw fault;
      await setTimeout(Math.random() * LONGEST_WAIT_MS * tries);
    }
  }
}

/**
 * Does work in one transaction, which is committed when it resolves and rolled back when it rejects.
 * @param work may be done more than once; so it does nothing but ask the database.
 */
export function transaction<T>(db: Knex, work: (trx: Knex.Transaction) => Promise<T>): Promise<T> {
  return retried(() => db.transaction(work));
}
