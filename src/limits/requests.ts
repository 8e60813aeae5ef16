import { createHmac, randomBytes } from "node:crypto";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { err, ok, type Result } from "../result.ts";
import { type Rate, secondsIfExceeded } from "./counters.ts";
import { GROWTH, type LimitName, type RateLimited } from "./limiter.ts";
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
  const counts = PREFIXES.map(
    (_, n) => new RateLimiterMemory({ points: rate.count * GROWTH ** n, duration: rate.seconds }),
  );
  const secret = randomBytes(32);
  const placeOf = (network: string) => createHmac("sha256", secret).update(network).digest().readUInt16LE();
  return async (ip) => {
    const networks = toNetworks(ip).map(placeOf);
    const spent = await Promise.all(
      networks.map((place, n) => secondsIfExceeded(counts[n]?.consume(place) ?? Promise.resolve())),
    );
    const retryAfterSeconds = Math.max(...spent.map((seconds) => seconds ?? 0));
    if (retryAfterSeconds === 0) return ok(undefined);
    observe("requests");
    return err({ code: "rate_limited", retryAfterSeconds, limit: { ...rate, name: "requests" } });
  };
}
