import type { Exceeded } from "../limits/limiter.ts";

export type FieldError = { field: "email" | "password"; message: string };

/** Every reason for which the service refuses. Each door maps each code, and does not compile until it does. */
export type ServiceError =
  | { code: "invalid_input"; fields: FieldError[] }
  | { code: "email_taken" }
  | { code: "registration_closed" }
  | ({ code: "rate_limited" } & Exceeded)
  | { code: "busy"; retryAfterSeconds: number }
  | { code: "unavailable"; retryAfterSeconds: number };

export type Result<T> = { ok: true; value: T } | { ok: false; error: ServiceError };

/** What a refusal says, whatever the door: a sentence that tells what to do, or the contract's own words. */
export function describe(error: ServiceError): string {
  switch (error.code) {
    case "invalid_input":
      return error.fields.map(({ message }) => message).join(" ");
    case "email_taken":
      return "Email already registered";
    case "registration_closed":
      return "Registration is closed.";
    case "rate_limited":
      return `Too many attempts. Nothing was stored; try again in ${error.retryAfterSeconds} s.`;
    case "busy":
      return `Too many people are signing up at this moment. Nothing was stored; try again in ${error.retryAfterSeconds} s.`;
    case "unavailable":
      return "Accounts cannot be created just now. Try again in a moment; if the address is then registered already, this attempt may have done it.";
  }
}
