/**
 * How long work needs at least, in milliseconds: again and again, as something else may have the processor.
 * @param prepare what comes before each time, and does not count.
 */
export async function least(work: () => Promise<unknown>, prepare?: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let n = 0; n < 10; n += 1) {
    await prepare?.();
    const started = performance.now();
    await work();
    least = Math.min(least, performance.now() - started);
  }
  return least;
}
