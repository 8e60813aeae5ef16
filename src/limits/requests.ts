import { createHmac, randomBytes } from "node:crypto";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { err, ok, type Result } from "../result.ts";
import { type Rate, secondsIfExceeded } from "./counters.ts";
import { countOf, type LimitName, type RateLimited } from "./limiter.ts";
import { PREFIXES, toNetworks } from "./network.ts";

/**
 * Limits the requests of a network, in the memory of this process: it comes before all that asks the database. However
 * many networks ask, there are at most 65,536 counts of each size. Networks that share one are chosen by a secret, so that
 * nobody can spend another's. @param observe is called for each refused request.
 */
export function limitRequestsInMemory(
  rate: Rate,
  observe: (limit: LimitName) => void,
): (ip: string) => Promise<Result<void, RateLimited>> {
  const counts = PREFIXES.map((_, n) => new RateLimiterMemory({ points: countOf(rate, n), duration: rate.seconds }));
  const secret = randomBytes(32);
  const placeOf = (network: string) => createHmac("sha256", secret).update(network).digest().readUInt16LE();
  return async (ip) => {
    // The smallest first: what is refused there takes nothing from the larger ones, which others share.
    for (const [n, network] of toNetworks(ip).entries()) {
      const retryAfterSeconds = await secondsIfExceeded(counts[n]?.consume(placeOf(network)) ?? Promise.resolve());
      if (retryAfterSeconds === undefined) continue;
      observe("requests");
      return err({
        code: "rate_limited",
        retryAfterSeconds,
        limit: { name: "requests", count: countOf(rate, n), seconds: rate.seconds },
      });
    }
    return ok(undefined);
  };
}
