import { createHmac, randomBytes } from "node:crypto";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { err, ok, type Result } from "../result.ts";
import { type Rate, secondsIfExceeded } from "./counter.ts";
import type { LimitName, RateLimited } from "./limiter.ts";
import { toNetwork } from "./network.ts";

/**
 * Limits the requests of a network, in the memory of this process: it comes before all that asks the database. However
 * many networks ask, there are at most 65,536 counts. Networks that share one are chosen by a secret, so that nobody can
 * spend another's. @param observe is called for each refused request.
 */
export function limitRequestsInMemory(
  rate: Rate,
  observe: (limit: LimitName) => void,
): (ip: string) => Promise<Result<void, RateLimited>> {
  const counts = new RateLimiterMemory({ points: rate.count, duration: rate.seconds });
  const secret = randomBytes(32);
  return async (ip) => {
    const place = createHmac("sha256", secret).update(toNetwork(ip)).digest().readUInt16LE();
    const retryAfterSeconds = await secondsIfExceeded(counts.consume(place));
    if (retryAfterSeconds === undefined) return ok(undefined);
    observe("requests");
    return err({ code: "rate_limited", retryAfterSeconds, limit: { ...rate, name: "requests" } });
  };
}
