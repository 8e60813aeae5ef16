/** How far apart takes are while emails come one by one, and how many takes may come before that counts. */
const [INTERVAL_MS, BURST] = [500, 20];

/** Lets emails gather while many come: a batch costs little more than one of them. The first go at once. */
export function createPace() {
  let next = 0;
  return {
    /** Counts a take that left room for more. */
    count() {
      next = Math.max(performance.now(), next) + INTERVAL_MS;
    },
    /** How long to wait before the next. */
    waitMs: () => Math.max(0, next - performance.now() - BURST * INTERVAL_MS),
  };
}
