import type { Exceeded } from "../limits/limiter.ts";

export type FieldError = { field: "email" | "password"; message: string };

/** Every reason for which the service refuses. Each door maps each code, and does not compile until it does. */
export type ServiceError =
  | { code: "invalid_input"; fields: FieldError[] }
  /** `mailSent`: its mailbox has been told how to get the account, for nobody has verified it yet. */
  | { code: "email_taken"; mailSent: boolean }
  | { code: "token_unknown" }
  | { code: "token_expired" }
  /** The address was verified by way of another sign-up. */
  | { code: "token_used" }
  /** Without `triesLeft` where what was sent is no code, which counts as no try. */
  | { code: "code_refused"; triesLeft?: number }
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
    case "token_unknown":
      return "This link is not known. Check that it is whole, or ask for a new email.";
    case "token_expired":
      return "This link has expired. Ask for a new email.";
    case "token_used":
      return "This link is of no use any more: the address was confirmed with another one.";
    case "code_refused":
      if (error.triesLeft === undefined) return "Enter the 8 digits of the code in the email.";
      if (error.triesLeft === 0)
        return "No code can be used here: it takes the browser of the sign-up, and at most five tries. Use the link in the email.";
      return `The code is not right, or has expired. Enter the one in the latest email; ${error.triesLeft} more ${error.triesLeft === 1 ? "try" : "tries"}.`;
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
