import type { Place } from "./place.ts";

/** Tells in which rank callers really queue. */
export type Precedence = {
  /** The place of one who is `known`: beside other sign-ins, where others of the network went first just before. */
  of(place: Place): Place;
  /** Notes that somebody took a place. */
  use(place: Place): void;
};

/**
 * Has a network go before all others so many times in a window, and not with each account that it has: or whoever has
 * many would keep everybody out who signs in with a new browser. Windows begin with the first of a network.
 */
export function createPrecedence(most: number, seconds: number): Precedence {
  /** The one that began first is first. */
  const windows = new Map<string, { uses: number; until: number }>();

  function forgetPast(now: number) {
    for (const [network, { until }] of windows) {
      if (until > now) return;
      windows.delete(network);
    }
  }

  return {
    of(place) {
      if (place.rank !== "known") return place;
      forgetPast(performance.now());
      return (windows.get(place.network)?.uses ?? 0) < most ? place : { ...place, rank: "sign_in" };
    },
    use({ network, rank }) {
      if (rank !== "known") return;
      const window = windows.get(network) ?? { uses: 0, until: performance.now() + seconds * 1000 };
      window.uses += 1;
      windows.set(network, window);
    },
  };
}
