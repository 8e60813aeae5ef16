import type { Exceeded } from "../limits/limiter.ts";
import type { ServiceError } from "./errors.ts";

export type Refused = { ok: false; error: ServiceError };

export function refuse(error: ServiceError): Refused {
  return { ok: false, error };
}

/** The refusal for a limit, where one is used up. */
export function limited(exceeded: Exceeded | undefined): Refused | undefined {
  return exceeded && refuse({ code: "rate_limited", ...exceeded });
}
