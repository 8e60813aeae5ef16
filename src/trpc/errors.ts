import { TRPCError } from "@trpc/server";
import type { TRPC_ERROR_CODE_KEY } from "@trpc/server/rpc";
import { describe, type FieldError, type Result, type ServiceError } from "../service/errors.ts";

const CODES = {
  invalid_input: "BAD_REQUEST",
  email_taken: "BAD_REQUEST",
  token_unknown: "NOT_FOUND",
  token_expired: "BAD_REQUEST",
  token_used: "BAD_REQUEST",
  code_refused: "BAD_REQUEST",
  registration_closed: "FORBIDDEN",
  rate_limited: "TOO_MANY_REQUESTS",
  busy: "SERVICE_UNAVAILABLE",
  unavailable: "SERVICE_UNAVAILABLE",
} satisfies Record<ServiceError["code"], TRPC_ERROR_CODE_KEY>;

/** A refusal of the service on its way to the error formatter. */
export class Refusal extends TRPCError {
  readonly refusal: ServiceError;

  constructor(refusal: ServiceError) {
    super({ code: CODES[refusal.code], message: describe(refusal) });
    this.refusal = refusal;
  }
}

/** The value of a result; a refusal is thrown, which is how tRPC takes it. */
export function orRefusal<T>(result: Result<T>): T {
  if (!result.ok) throw new Refusal(result.error);
  return result.value;
}

/** What tells a client more than tRPC's own code does. */
export type RefusalData = {
  code: ServiceError["code"] | TRPC_ERROR_CODE_KEY;
  fields?: FieldError[];
  retryAfterSeconds?: number;
  triesLeft?: number;
};

/** tRPC's own messages may quote what was sent; these do not. */
const MESSAGES: Partial<Record<TRPC_ERROR_CODE_KEY, string>> = {
  INTERNAL_SERVER_ERROR: "Something went wrong on our side.",
  NOT_FOUND: "There is no such procedure.",
  METHOD_NOT_SUPPORTED: "Call this procedure with POST.",
  PAYLOAD_TOO_LARGE: "The request is larger than 16 KiB.",
  UNSUPPORTED_MEDIA_TYPE: "Send application/json.",
};

/** What the client reads of an error: a refusal whole, anything else without what was sent and without a stack. */
export function presentError(error: TRPCError): { message: string; data: RefusalData } {
  if (!(error instanceof Refusal)) return { message: MESSAGES[error.code] ?? "The request could not be read.", data: { code: error.code } };
  const { refusal } = error;
  const data: RefusalData = { code: refusal.code };
  if ("fields" in refusal) data.fields = refusal.fields;
  if ("triesLeft" in refusal && refusal.triesLeft !== undefined) data.triesLeft = refusal.triesLeft;
  if ("retryAfterSeconds" in refusal) data.retryAfterSeconds = refusal.retryAfterSeconds;
  return { message: error.message, data };
}
