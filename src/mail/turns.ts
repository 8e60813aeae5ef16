import type { OutboxEmail } from "../models/outbox-email.ts";

/** More networks than have emails waiting, unless very many send at once. */
const MOST_NETWORKS = 1000;

/** A network and a domain that emails wait for. */
export type Pair = Pick<OutboxEmail, "network" | "domain">;

const FIRST: Pair = { network: "", domain: "" };

/**
 * Remembers whose turn it was, so that those who have many emails waiting take turns with those who have one: when a
 * network last got a slot, and how far the search for networks and domains came.
 */
export function createTurns() {
  const served = new Map<string, Date>();
  let searchFrom = FIRST;
  return {
    served: (): ReadonlyMap<string, Date> => served,
    searchFrom: () => searchFrom,
    /** @param last where it broke off; without it, it came to the end, and the next begins anew. */
    searched(last: Pair | undefined) {
      searchFrom = last ?? FIRST;
    },
    serve({ network, admitted_at }: Pick<OutboxEmail, "network" | "admitted_at">) {
      served.delete(network);
      if (admitted_at) served.set(network, admitted_at);
      const [oldest] = served.keys();
      if (oldest !== undefined && served.size > MOST_NETWORKS) served.delete(oldest);
    },
  };
}

export type Turns = ReturnType<typeof createTurns>;
