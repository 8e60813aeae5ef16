export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** Does one thing after another: the calls of one batch hold one place in the hashing line at a time, as one person would. */
export function createInTurn(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  };
}
