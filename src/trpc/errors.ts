import { TRPCError } from "@trpc/server";
import type { TRPC_ERROR_CODE_KEY } from "@trpc/server/rpc";
import { describeRefusal, REFUSALS, type RefusalData, refusalData, refusalHeaders } from "../http/refusals.ts";
import type { Language } from "../language/language.ts";
import type { Refusal } from "../service/refusal.ts";

export class RefusalError extends TRPCError {
  readonly data: RefusalData;
  readonly headers: Record<string, string>;

  constructor(refusal: Refusal, language: Language) {
    super({ code: REFUSALS[refusal.code].trpc, message: describeRefusal(refusal, language) });
    this.data = refusalData(refusal, language);
    this.headers = refusalHeaders(refusal);
  }
}

const MESSAGES: Partial<Record<TRPC_ERROR_CODE_KEY, string>> = {
  INTERNAL_SERVER_ERROR: "Something went wrong on our side.",
  NOT_FOUND: "There is no such procedure.",
  METHOD_NOT_SUPPORTED: "Call this procedure with POST.",
  PAYLOAD_TOO_LARGE: "The request is larger than 16 KiB.",
  UNSUPPORTED_MEDIA_TYPE: "Send application/json.",
};

/** What a client reads of an error: a refusal whole, but not tRPC's own messages, which may quote what was sent. */
export function presentError(error: TRPCError): { message: string; refusal?: RefusalData } {
  if (error instanceof RefusalError) return { message: error.message, refusal: error.data };
  return { message: MESSAGES[error.code] ?? "The request could not be read." };
}
