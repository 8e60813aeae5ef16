/** Who goes first, from the first to the last. */
export const RANKS = ["known", "sign_in", "sign_up", "rehash"] as const;

/**
 * `known`: a sign-in by a browser that signed the account in before. `rehash`: nobody waits for it, so it takes only
 * what is left over.
 */
export type Rank = (typeof RANKS)[number];

/** Networks take turns within a rank: each is a text that is the same for all who may be one person. */
export type Place = { network: string; rank: Rank };

/** A rank and those that go before it. */
export function upTo(rank: Rank): readonly Rank[] {
  return RANKS.slice(0, RANKS.indexOf(rank) + 1);
}
