export type SerialQueue = <T>(work: () => Promise<T>) => Promise<T>;

/** Runs one piece of work after another, in the order of the calls. */
export function createSerialQueue(): SerialQueue {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  };
}
