/** Upper bound on Retry-After: people who are told to wait longer often do not return. */
const MAX_SECONDS = 30;

/** Gives whole seconds, 1 to 30, such that each caller returns one turn after the one before, not all at once. */
export function createRetryAfter(secondsPerTurn: () => number): () => number {
  let last = 0;
  return () => {
    const now = performance.now() / 1000;
    const wait = Math.min(Math.max(last - now, 0) + secondsPerTurn(), MAX_SECONDS);
    last = now + wait;
    return Math.max(1, Math.ceil(wait));
  };
}
