import type { Knex } from "knex";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { isUnavailable } from "../db/faults.ts";
import { getSchema } from "../db/schema.ts";

/** At most `count` attempts in a fixed window of `seconds`, which begins with the first. */
export type Rate = { count: number; seconds: number };

/** A limit on one key, such as a network's. */
export type Limit<Name extends string = string> = Rate & { name: Name; key: string };

export type Exceeded<Name extends string> = { limit: Limit<Name>; retryAfterSeconds: number };

export type Counters = {
  /**
   * Counts an attempt at all limits, by one statement. @returns the limit to wait longest for, of those exceeded.
   * While the database is away it counts in memory, and returns the first that is exceeded. @throws the database's
   * fault when it goes away.
   */
  spend<Name extends string>(limits: readonly Limit<Name>[]): Promise<Exceeded<Name> | undefined>;
  giveBack(limits: readonly Limit[]): Promise<unknown>;
};

const NOW_MS = "(extract(epoch from now()) * 1000)::bigint";

/** Counts keys in one order, so that no two attempts wait for each other. Later attempts do not prolong a window. */
const SPEND = `
  insert into ??.rate_limits as known (key, points, expire)
  select key, 1, ${NOW_MS} + seconds * 1000::bigint
  from unnest(?::text[], ?::int[]) as spent (key, seconds) order by key
  on conflict (key) do update set
    points = case when known.expire > ${NOW_MS} then known.points + 1 else 1 end,
    expire = case when known.expire > ${NOW_MS} then known.expire else excluded.expire end
  returning key, points, expire - ${NOW_MS} as left_ms`;

type Spent = { key: string; points: number; left_ms: number };

const FALLBACK_MS = 5000;
const MOST_BLOCKED = 10_000;

function longest<Name extends string>(exceeded: Exceeded<Name>[]): Exceeded<Name> | undefined {
  return exceeded.toSorted((a, b) => b.retryAfterSeconds - a.retryAfterSeconds)[0];
}

function toSeconds(milliseconds: number) {
  return Math.max(1, Math.ceil(milliseconds / 1000));
}

/** @returns seconds to wait, if what was spent is beyond its limit. */
export async function secondsIfExceeded(spent: Promise<unknown>): Promise<number | undefined> {
  try {
    await spent;
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    return toSeconds(refusal.msBeforeNext);
  }
}

function columnKey({ name, key }: Limit) {
  return `${name}:${key}`;
}

/** Remembers who is beyond a limit, so that refusing them again costs no statement. */
function createBlocked() {
  const until = new Map<string, number>();
  return {
    add(key: string, milliseconds: number) {
      const now = performance.now();
      if (until.size >= MOST_BLOCKED) for (const [known, end] of until) if (end <= now) until.delete(known);
      if (until.size < MOST_BLOCKED) until.set(key, now + milliseconds);
    },
    delete: (key: string) => until.delete(key),
    find<Name extends string>(limits: readonly Limit<Name>[]): Exceeded<Name> | undefined {
      const now = performance.now();
      return longest(
        limits.flatMap((limit) => {
          const left = (until.get(columnKey(limit)) ?? 0) - now;
          return left > 0 ? [{ limit, retryAfterSeconds: toSeconds(left) }] : [];
        }),
      );
    },
  };
}

function createMemory() {
  const byName = new Map<string, RateLimiterMemory>();
  return async <Name extends string>(limits: readonly Limit<Name>[]): Promise<Exceeded<Name> | undefined> => {
    for (const limit of limits) {
      const { name, key, count: points, seconds: duration } = limit;
      const policy = `${name} ${points}/${duration}`;
      const counter = byName.get(policy) ?? new RateLimiterMemory({ keyPrefix: policy, points, duration });
      byName.set(policy, counter);
      const retryAfterSeconds = await secondsIfExceeded(counter.consume(key));
      // The limits after it are others' too, and what is refused takes nothing from those.
      if (retryAfterSeconds !== undefined) return { limit, retryAfterSeconds };
    }
    return undefined;
  };
}

/** Counts in the database, for all instances; while that is away, in memory. rate-limiter-flexible needs a statement a key. */
export function createCounters(db: Knex): Counters {
  const blocked = createBlocked();
  const spendInMemory = createMemory();
  let fallbackUntil = 0;

  async function spendInDatabase<Name extends string>(limits: readonly Limit<Name>[]) {
    const [keys, seconds] = [limits.map(columnKey), limits.map((limit) => limit.seconds)];
    const { rows }: { rows: Spent[] } = await db.raw(SPEND, [getSchema(db), keys, seconds]);
    const spent = new Map(rows.map((row) => [row.key, row]));
    const exceeded = limits.flatMap((limit) => {
      const { points = 0, left_ms = 0 } = spent.get(columnKey(limit)) ?? {};
      if (points >= limit.count) blocked.add(columnKey(limit), left_ms);
      return points > limit.count ? [{ limit, retryAfterSeconds: toSeconds(left_ms) }] : [];
    });
    return longest(exceeded);
  }

  return {
    async spend(limits) {
      const refused = blocked.find(limits);
      if (refused) return refused;
      if (performance.now() < fallbackUntil) return spendInMemory(limits);
      try {
        return await spendInDatabase(limits);
      } catch (fault) {
        if (!isUnavailable(fault)) throw fault;
        fallbackUntil = performance.now() + FALLBACK_MS;
        const exceeded = await spendInMemory(limits);
        if (exceeded === undefined) throw fault;
        return exceeded;
      }
    },
    giveBack(limits) {
      for (const limit of limits) blocked.delete(columnKey(limit));
      const keys = limits.map(columnKey);
      // In the order in which they are spent, so that none waits for the other.
      const locked = db("rate_limits").whereIn("key", keys).orderBy("key").forUpdate().select("key");
      return db("rate_limits").whereIn("key", locked).where("points", ">", 0).decrement("points", 1);
    },
  };
}
