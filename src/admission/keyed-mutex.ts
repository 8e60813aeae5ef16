/** Runs work while no other work with its key runs. `waited` tells the work whether it had to wait. */
export type KeyedMutex = <T>(key: string, work: (waited: boolean) => Promise<T>) => Promise<T>;

/** After this wait, work runs concurrently, so that many callers with one key cannot block each other. */
const MAX_WAIT_MS = 5000;

export function createKeyedMutex(): KeyedMutex {
  const running = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const waited = running.has(key);
    const deadline = performance.now() + MAX_WAIT_MS;
    while (running.has(key) && performance.now() < deadline) await running.get(key);
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
