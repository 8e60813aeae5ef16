/** Does work for a key when no other work for it is going on, and tells it whether it had to wait for some. */
export type OneAtATime = <T>(key: string, work: (waited: boolean) => Promise<T>) => Promise<T>;

/** Who keeps coming and going must not hold up others who ask for the same: after this they go on beside each other. */
const PATIENCE_MS = 5000;

/** Lets those who ask for one thing at the same time go one after another: the outcome of the first most often settles all. */
export function createOneAtATime(): OneAtATime {
  const running = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const waited = running.has(key);
    const tired = performance.now() + PATIENCE_MS;
    while (running.has(key) && performance.now() < tired) await running.get(key);
    if (running.has(key)) return work(true);
    const mine = work(waited);
    running.set(
      key,
      mine.catch(() => {}),
    );
    try {
      return await mine;
    } finally {
      running.delete(key);
    }
  };
}
