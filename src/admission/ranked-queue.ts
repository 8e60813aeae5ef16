import { createFairQueue, type FairQueue } from "./fair-queue.ts";
import { type Place, RANKS, type Rank, upTo } from "./place.ts";

/** Waiting callers, each of a rank, and within that of a network. */
export type RankedQueue<T> = {
  add(place: Place, caller: T): void;
  remove(place: Place, caller: T): void;
  /** Takes the caller whose turn it is: of the highest rank, and there by the networks' turns. */
  take(): T | undefined;
  /** How many wait of a rank and those before it. */
  count(rank: Rank): number;
  /** Of a caller's own rank, whom its network displaces, if it has fewer places than another. */
  displacedBy(place: Place): T | undefined;
  /** Of the lowest rank that waits, the newest of the network that has most. */
  last(): T | undefined;
  all(): T[];
};

/** A fair queue for each rank. */
export function createRankedQueue<T>(): RankedQueue<T> {
  const queues: Record<Rank, FairQueue<T>> = {
    known: createFairQueue(),
    sign_in: createFairQueue(),
    sign_up: createFairQueue(),
    rehash: createFairQueue(),
  };
  const firstOf = (ranks: readonly Rank[]) => ranks.map((rank) => queues[rank]).find(({ size }) => size() > 0);

  return {
    add: ({ network, rank }, caller) => queues[rank].add(network, caller),
    remove: ({ network, rank }, caller) => queues[rank].remove(network, caller),
    take: () => firstOf(RANKS)?.take(),
    count: (rank) => upTo(rank).reduce((sum, each) => sum + queues[each].size(), 0),
    displacedBy: ({ network, rank }) => queues[rank].displacedBy(network),
    last: () => firstOf(RANKS.toReversed())?.newest(),
    all: () => RANKS.flatMap((rank) => queues[rank].all()),
  };
}
