import type { Knex } from "knex";
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from "rate-limiter-flexible";
import { isUnavailable } from "../db/faults.ts";
import { schemaOf } from "../db/schema.ts";

/** So many in so many seconds, counted from the first. */
export type Rate = { count: number; seconds: number };

export type Counter = {
  /**
   * Counts one for a key, and gives the seconds after which its count begins anew where that is beyond the limit.
   * @throws the database's fault where it cannot be reached and the limit, counted in memory meanwhile, is not exceeded.
   */
  spend(key: string): Promise<number | undefined>;
  /** Takes one off what was counted for a key. */
  giveBack(key: string): Promise<unknown>;
  /** Forgets what was counted for a key. */
  forget(key: string): Promise<unknown>;
};

/** For so long after the database could not be reached counts are kept in memory, without asking it each time. */
const AWAY_MS = 5000;

async function secondsIfExceeded(spent: Promise<unknown>): Promise<number | undefined> {
  try {
    await spent;
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    return Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
  }
}

/** Counts in the database, for all instances alike. Attempts beyond a limit do not prolong it. */
export function createCounter(db: Knex, name: string, { count, seconds }: Rate): Counter {
  const settings = { keyPrefix: name, points: count, duration: seconds };
  const inMemory = new RateLimiterMemory(settings);
  const inDatabase = new RateLimiterPostgres({
    ...settings,
    storeType: "client",
    // Without the names that it gives its queries: a statement that is prepared under a name outlives the transaction, and then
    // a pooler hands it to others.
    storeClient: { query: ({ text, values }: { text: string; values: unknown[] }) => db.raw(text).options({ values }) },
    schemaName: schemaOf(db),
    tableName: "rate_limits",
    tableCreated: true,
    // It would delete them in one statement; expiry does so a few at a time.
    clearExpiredByTimeout: false,
    // A key that is used up is refused from memory, without asking the database again.
    inMemoryBlockOnConsumed: count,
  });
  let awayUntil = 0;

  return {
    async spend(key) {
      if (performance.now() < awayUntil) return secondsIfExceeded(inMemory.consume(key));
      try {
        return await secondsIfExceeded(inDatabase.consume(key));
      } catch (fault) {
        if (!isUnavailable(fault)) throw fault;
        awayUntil = performance.now() + AWAY_MS;
        const exceeded = await secondsIfExceeded(inMemory.consume(key));
        if (exceeded === undefined) throw fault;
        return exceeded;
      }
    },
    async giveBack(key) {
      await inDatabase.reward(key, 1);
      // Else it would be refused from memory all the same.
      inDatabase.deleteInMemoryBlockedAll();
    },
    forget: (key) => inDatabase.delete(key),
  };
}
