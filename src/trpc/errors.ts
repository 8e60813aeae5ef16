import { TRPCError } from "@trpc/server";
import type { TRPC_ERROR_CODE_KEY } from "@trpc/server/rpc";
import { type Fault, toFault } from "../http/error-handler.ts";
import { describeRefusal, REFUSALS, type RefusalData, refusalData, refusalHeaders } from "../http/refusals.ts";
import type { Language } from "../language/language.ts";
import type { MessageKey } from "../language/message.ts";
import type { Refusal } from "../service/refusal.ts";

/** A refusal where there is nothing but to throw. Express reads its status and headers, where an app's route throws it. */
export class RefusalError extends TRPCError {
  readonly data: RefusalData;
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(refusal: Refusal, language: Language) {
    super({ code: REFUSALS[refusal.code].trpc, message: describeRefusal(refusal, language) });
    this.data = refusalData(refusal, language);
    this.status = REFUSALS[refusal.code].status;
    this.headers = refusalHeaders(refusal);
  }
}

/** What the middleware of Foyer's own app refuses, in words that a client may read. */
class FaultError extends TRPCError {
  constructor(fault: Fault) {
    super({ code: fault.trpc, message: fault.detail });
  }
}

/** Does what may refuse a request, and has tRPC answer as Foyer's own app would. @throws TRPCError */
export function refuseAsTrpc(check: () => void, language: () => Language): void {
  try {
    check();
  } catch (error) {
    throw new FaultError(toFault(error, language()));
  }
}

const MESSAGES: Partial<Record<TRPC_ERROR_CODE_KEY, MessageKey>> = {
  INTERNAL_SERVER_ERROR: "fault.500",
  NOT_FOUND: "fault.no_procedure",
  METHOD_NOT_SUPPORTED: "fault.not_by_get",
  PAYLOAD_TOO_LARGE: "fault.413",
  UNSUPPORTED_MEDIA_TYPE: "fault.415",
};

/** What a client reads of an error: a refusal whole, but not tRPC's own messages, which may quote what was sent. */
export function presentError(error: TRPCError, { text }: Language): { message: string; refusal?: RefusalData } {
  if (error instanceof RefusalError) return { message: error.message, refusal: error.data };
  if (error instanceof FaultError) return { message: error.message };
  return { message: text(MESSAGES[error.code] ?? "fault.400") };
}
