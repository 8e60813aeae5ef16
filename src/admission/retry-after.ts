import { type Place, type Rank, upTo } from "./place.ts";

/** Upper bound on Retry-After: people who are told to wait longer often do not return. */
const MAX_SECONDS = 30;

/**
 * Gives whole seconds, 1 to 30, such that each caller returns one turn after the one before, not all at once. A network
 * has one place among all networks of its rank, and its further callers come after its own, so that they do not hold
 * off others. A lower rank returns after the higher ones, who would go before it anyway, and never holds them off.
 */
export function createRetryAfter(secondsPerTurn: () => number): (place: Place) => number {
  /** When the last caller of each rank and network returns, in seconds. The one refused longest ago is first. */
  const returns = new Map<string, number>();
  const lastOf = new Map<Rank, number>();

  function forgetReturned(now: number) {
    // The first has the others wait for at most MAX_SECONDS.
    for (const [key, time] of returns) {
      if (time > now) return;
      returns.delete(key);
    }
  }

  return ({ network, rank }) => {
    const now = performance.now() / 1000;
    forgetReturned(now);
    const key = `${rank} ${network}`;
    const own = returns.get(key) ?? 0;
    const isFirst = own <= now;
    const before = isFirst ? Math.max(...upTo(rank).map((each) => lastOf.get(each) ?? 0)) : own;
    const wait = Math.min(Math.max(before - now, 0) + secondsPerTurn(), MAX_SECONDS);
    if (isFirst) lastOf.set(rank, now + wait);
    returns.delete(key);
    returns.set(key, now + wait);
    return Math.max(1, Math.ceil(wait));
  };
}
