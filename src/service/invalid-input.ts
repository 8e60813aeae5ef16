import { isUnavailable } from "../db/faults.ts";
import type { Limiter, RateLimited } from "../limits/limiter.ts";
import { ok } from "../result.ts";
import type { Caller } from "./caller.ts";
import type { RefusalOf, Result } from "./refusal.ts";

/** Invalid input counts as an attempt of its network. It needs no database, so it is refused as such without one, too. */
export async function countInvalid(
  limiter: Limiter,
  { ip }: Caller,
  refused: { ok: false; error: RefusalOf<"invalid_input"> },
): Promise<Result<never, "invalid_input" | "rate_limited">> {
  const spent = await limiter.spend({ ip }).catch((fault: unknown) => {
    if (!isUnavailable(fault)) throw fault;
    return ok(undefined);
  });
  return spent.ok ? refused : (spent satisfies { ok: false; error: RateLimited });
}
