/** Upper bound on Retry-After: people who are told to wait longer often do not return. */
const MAX_SECONDS = 30;

/**
 * Gives whole seconds, 1 to 30, such that each caller returns one turn after the one before, not all at once. A network
 * has one place among all networks, and its further callers come after its own, so that they do not hold off others.
 */
export function createRetryAfter(secondsPerTurn: () => number): (network: string) => number {
  /** When the last caller of each network returns, in seconds. The one refused longest ago is first. */
  const returns = new Map<string, number>();
  let lastOfAll = 0;

  function forgetReturned(now: number) {
    // The first has the others wait for at most MAX_SECONDS.
    for (const [network, time] of returns) {
      if (time > now) return;
      returns.delete(network);
    }
  }

  return (network) => {
    const now = performance.now() / 1000;
    forgetReturned(now);
    const own = returns.get(network) ?? 0;
    const isFirst = own <= now;
    const wait = Math.min(Math.max((isFirst ? lastOfAll : own) - now, 0) + secondsPerTurn(), MAX_SECONDS);
    if (isFirst) lastOfAll = now + wait;
    returns.delete(network);
    returns.set(network, now + wait);
    return Math.max(1, Math.ceil(wait));
  };
}
