/** How many takes may follow the first before the interval counts. */
const BURST = 4;

/**
 * Lets jobs gather while many come: a batch costs little more than one of them. The first go at once.
 * @param intervalMs how far apart takes are while jobs come one by one.
 */
export function createPace(intervalMs: number) {
  let next = 0;
  return {
    /** Counts a take that left room for more. */
    count() {
      next = Math.max(performance.now(), next) + intervalMs;
    },
    /** How long to wait before the next. */
    waitMs: () => Math.max(0, next - performance.now() - BURST * intervalMs),
  };
}
