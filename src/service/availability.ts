import type { Logger } from "pino";
import { isUnavailable } from "../db/faults.ts";
import type { Caller } from "./caller.ts";
import { type Result, refuse } from "./refusal.ts";

const RETRY_AFTER_SECONDS = 5;

/** Does what needs the database, and refuses with `unavailable` where that cannot be used just now. */
export async function refuseWhenUnavailable<T>(
  log: Logger,
  caller: Caller,
  work: () => Promise<Result<T>>,
): Promise<Result<T>> {
  try {
    return await work();
  } catch (fault) {
    if (!isUnavailable(fault)) throw fault;
    log.error({ err: fault, requestId: caller.requestId }, "the database is unavailable");
    return refuse({ code: "unavailable", retryAfterSeconds: RETRY_AFTER_SECONDS });
  }
}
