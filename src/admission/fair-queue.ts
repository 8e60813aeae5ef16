/** Waiting callers, each of a network. */
export type FairQueue<T> = {
  add(network: string, caller: T): void;
  remove(network: string, caller: T): void;
  /** Takes the caller whose turn it is: the networks take turns, and in each it is first come, first served. */
  take(): T | undefined;
  /** The newest caller of the network that has the most. */
  newest(): T | undefined;
  /**
   * That caller, if its network would still have as many as the given one after it gave up one place to it. Otherwise
   * the places are shared fairly already.
   */
  displacedBy(network: string): T | undefined;
  size(): number;
  all(): T[];
};

/** A network whose turn is over goes to the end, and one without callers is forgotten. */
export function createFairQueue<T>(): FairQueue<T> {
  const networks = new Map<string, T[]>();
  let size = 0;

  function most() {
    let most: T[] = [];
    for (const callers of networks.values()) if (callers.length > most.length) most = callers;
    return most;
  }

  return {
    add(network, caller) {
      const callers = networks.get(network);
      if (callers) callers.push(caller);
      else networks.set(network, [caller]);
      size += 1;
    },
    remove(network, caller) {
      const callers = networks.get(network) ?? [];
      const others = callers.filter((other) => other !== caller);
      size -= callers.length - others.length;
      if (others.length > 0) networks.set(network, others);
      else networks.delete(network);
    },
    take() {
      for (const [network, [first, ...others]] of networks) {
        networks.delete(network);
        if (others.length > 0) networks.set(network, others);
        size -= 1;
        return first;
      }
    },
    newest: () => most().at(-1),
    displacedBy(network) {
      const callers = most();
      const own = networks.get(network)?.length ?? 0;
      return own + 1 < callers.length ? callers.at(-1) : undefined;
    },
    size: () => size,
    all: () => [...networks.values()].flat(),
  };
}
