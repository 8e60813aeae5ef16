import type { TRPC_ERROR_CODE_KEY } from "@trpc/server/rpc";
import type { Language } from "../language/language.ts";
import type { MessageValues } from "../language/message.ts";
import type { FieldError, Refusal, RefusalCode } from "../service/refusal.ts";

type Row = {
  status: number;
  trpc: TRPC_ERROR_CODE_KEY;
  field?: "email" | "code" | "password";
};

/** How each refusal is answered. Its words are in the catalogue, as `refusal.CODE` and `refusal.CODE.title`. */
export const REFUSALS: Record<RefusalCode, Row> = {
  invalid_input: { status: 400, trpc: "BAD_REQUEST" },
  email_taken: { status: 400, trpc: "BAD_REQUEST", field: "email" },
  token_unknown: { status: 404, trpc: "NOT_FOUND" },
  token_expired: { status: 410, trpc: "BAD_REQUEST" },
  token_used: { status: 410, trpc: "BAD_REQUEST" },
  code_refused: { status: 400, trpc: "BAD_REQUEST", field: "code" },
  password_required: { status: 403, trpc: "FORBIDDEN", field: "password" },
  invalid_credentials: { status: 401, trpc: "UNAUTHORIZED" },
  email_not_verified: { status: 403, trpc: "FORBIDDEN" },
  not_signed_in: { status: 401, trpc: "UNAUTHORIZED" },
  reauthentication_required: { status: 401, trpc: "UNAUTHORIZED", field: "password" },
  session_unknown: { status: 404, trpc: "NOT_FOUND" },
  registration_closed: { status: 403, trpc: "FORBIDDEN" },
  rate_limited: { status: 429, trpc: "TOO_MANY_REQUESTS" },
  busy: { status: 503, trpc: "SERVICE_UNAVAILABLE" },
  unavailable: { status: 503, trpc: "SERVICE_UNAVAILABLE" },
};

type Shown<R> = R extends unknown
  ? {
      [Member in keyof R as Member extends "emailSent" | "limit" ? never : Member]: Member extends "fields"
        ? ShownField[]
        : R[Member];
    }
  : never;

/** Not exported, so that declarations spell it out: the client's package has no `FieldError`. */
type Field = FieldError["field"];

type ShownField = { field: Field; message: string };

/** A refusal as clients read it by JSON and by tRPC: a closed union over `code`. */
export type RefusalData = Shown<Refusal>;

/** Returns what clients read of a refusal. It leaves out what only our pages and headers tell. */
export function refusalData(refusal: Refusal, language: Language): RefusalData {
  switch (refusal.code) {
    case "invalid_input":
      return {
        code: refusal.code,
        fields: refusal.fields.map(({ field, message }) => ({
          field,
          message: language.text(message.key, message.values),
        })),
      };
    case "email_taken":
      return { code: refusal.code };
    case "rate_limited":
      return { code: refusal.code, retryAfterSeconds: refusal.retryAfterSeconds };
    default:
      return refusal;
  }
}

function waitInWords(seconds: number, language: Language) {
  return seconds <= 90
    ? language.text("wait.seconds", { seconds })
    : language.text("wait.minutes", { minutes: Math.ceil(seconds / 60) });
}

/** Says a refusal in a sentence that tells what to do, or in the words of the contract. */
export function describeRefusal(refusal: Refusal, language: Language): string {
  if (refusal.code === "invalid_input") {
    return refusal.fields.map(({ message }) => language.text(message.key, message.values)).join(" ");
  }
  const values: MessageValues = {};
  if ("retryAfterSeconds" in refusal) values["wait"] = waitInWords(refusal.retryAfterSeconds, language);
  if (refusal.code === "code_refused" || refusal.code === "password_required") {
    values["triesLeft"] = refusal.triesLeft ?? -1;
  }
  return language.text(`refusal.${refusal.code}`, values);
}

/**
 * Tells how to sign in (RFC 9110 section 11.6.1), when to retry (section 10.2.3), and of a limit
 * (draft-ietf-httpapi-ratelimit-headers-10).
 */
export function refusalHeaders(refusal: Refusal): Record<string, string> {
  if (REFUSALS[refusal.code].status === 401) return { "WWW-Authenticate": "Bearer" };
  if (!("retryAfterSeconds" in refusal)) return {};
  const { retryAfterSeconds } = refusal;
  const headers = { "Retry-After": String(retryAfterSeconds) };
  if (refusal.code !== "rate_limited") return headers;
  const { name, count, seconds } = refusal.limit;
  return {
    ...headers,
    "RateLimit-Policy": `"${name}";q=${count};w=${seconds}`,
    RateLimit: `"${name}";r=0;t=${retryAfterSeconds}`,
  };
}
