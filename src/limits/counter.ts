import type { Knex } from "knex";
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from "rate-limiter-flexible";
import { isUnavailable } from "../db/faults.ts";
import { getSchema } from "../db/schema.ts";

/** At most `count` attempts in a fixed window of `seconds`, which begins with the first. */
export type Rate = { count: number; seconds: number };

export type Counter = {
  /** @returns seconds to wait, if beyond the limit. @throws the database's fault if within it, counted in memory. */
  spend(key: string): Promise<number | undefined>;
  giveBack(key: string): Promise<unknown>;
  forget(key: string): Promise<unknown>;
};

const FALLBACK_MS = 5000;

/** @returns seconds to wait, if what was spent is beyond its limit. */
export async function secondsIfExceeded(spent: Promise<unknown>): Promise<number | undefined> {
  try {
    await spent;
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    return Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
  }
}

/** Counts in the database, for all instances. Attempts beyond the limit do not prolong its window. */
export function createCounter(db: Knex, name: string, { count, seconds }: Rate): Counter {
  const settings = { keyPrefix: name, points: count, duration: seconds };
  const inMemory = new RateLimiterMemory(settings);
  const inDatabase = new RateLimiterPostgres({
    ...settings,
    storeType: "client",
    // Without the queries' names: a named statement outlives its transaction, and a pooler passes it on.
    storeClient: { query: ({ text, values }: { text: string; values: unknown[] }) => db.raw(text).options({ values }) },
    schemaName: getSchema(db),
    tableName: "rate_limits",
    tableCreated: true,
    // The purge deletes them, in batches.
    clearExpiredByTimeout: false,
    inMemoryBlockOnConsumed: count,
  });
  let fallbackUntil = 0;

  return {
    async spend(key) {
      if (performance.now() < fallbackUntil) return secondsIfExceeded(inMemory.consume(key));
      try {
        return await secondsIfExceeded(inDatabase.consume(key));
      } catch (fault) {
        if (!isUnavailable(fault)) throw fault;
        fallbackUntil = performance.now() + FALLBACK_MS;
        const exceeded = await secondsIfExceeded(inMemory.consume(key));
        if (exceeded === undefined) throw fault;
        return exceeded;
      }
    },
    async giveBack(key) {
      await inDatabase.reward(key, 1);
      // Otherwise the key would still be refused from memory.
      inDatabase.deleteInMemoryBlockedAll();
    },
    forget: (key) => inDatabase.delete(key),
  };
}
