/** Runs work while no other work with its key runs. `before` is the result of the work that it waited for, if any. */
export type KeyedMutex<T> = (key: string, work: (before: T | undefined) => Promise<T>) => Promise<T>;

/** After this wait, work runs concurrently, so that many callers with one key cannot block each other. */
const MAX_WAIT_MS = 5000;

export function createKeyedMutex<T>(): KeyedMutex<T> {
  const running = new Map<string, Promise<T | undefined>>();
  return async (key, work) => {
    let before: T | undefined;
    const deadline = performance.now() + MAX_WAIT_MS;
    while (running.has(key) && performance.now() < deadline) before = await running.get(key);
    if (running.has(key)) return work(before);
    const mine = work(before);
    running.set(
      key,
      mine.catch(() => undefined),
    );
    try {
      return await mine;
    } finally {
      running.delete(key);
    }
  };
}
