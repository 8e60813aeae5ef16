import type { Place, Rank } from "../admission/place.ts";
import { toSite } from "../limits/network.ts";
import type { Caller } from "./caller.ts";

/** A caller's place in the hashing queue: one for all who may be one person. */
export function placeOf(caller: Caller, rank: Rank): Place {
  return { network: toSite(caller.ip), rank };
}
