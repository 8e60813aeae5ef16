/** Longer than this nobody is sent away: many of those who were sent do not come back. */
const LONGEST_SECONDS = 30;

/**
 * Tells those for whom there is no room when to come back: each one turn later than the one before, so that they find
 * room when they do, rather than all return at once and be refused again.
 * @param secondsPerTurn how often somebody is served, at this time.
 * @returns a function that gives the next one's whole seconds, at least 1.
 */
export function createReturns(secondsPerTurn: () => number): () => number {
  let last = 0;
  return () => {
    const now = performance.now() / 1000;
    last = Math.min(Math.max(last, now) + secondsPerTurn(), now + LONGEST_SECONDS);
    return Math.max(1, Math.ceil(last - now));
  };
}
