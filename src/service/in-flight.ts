/** Does work for a key, but not before the work for it that is going on is done. */
export type AfterOthers = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/**
 * Lets those who ask for one thing at the same time wait for the first of them, whose outcome most often settles theirs too.
 * They all go on together then, so that nobody waits for more than one.
 */
export function createAfterOthers(): AfterOthers {
  const running = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    await running.get(key);
    if (running.has(key)) return work();
    const mine = work();
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
