import type { Busy } from "../hashing/hasher.ts";
import type { Message } from "../language/message.ts";
import type { RateLimited } from "../limits/limiter.ts";
import { err, type Result as ResultOf } from "../result.ts";

/** What a client sends that can be wrong by itself. */
export const FIELDS = [
  "email",
  "password",
  "newPassword",
  "currentPassword",
  "keep",
  "as",
  "scope",
  "termsVersion",
] as const;

export type FieldError = { field: (typeof FIELDS)[number]; message: Message };

/** Each needs a row in `http/refusals.ts` and words in the catalogue: nothing compiles without them. */
export type Refusal =
  | { code: "invalid_input"; fields: FieldError[] }
  /** `emailSent`: its mailbox was told how to get the account, for nobody has verified it yet. */
  | { code: "email_taken"; emailSent: boolean }
  | { code: "token_unknown" }
  | { code: "token_expired" }
  /** The address was verified by way of another sign-up. */
  | { code: "token_used" }
  /** Without `triesLeft` where what was sent is no code, which counts as no try. */
  | { code: "code_refused"; triesLeft?: number }
  /** A link outside the browser of its sign-up. `triesLeft` of that sign-up's password, where it was wrong. */
  | { code: "password_required"; triesLeft?: number }
  | { code: "registration_closed" }
  /** The address or the password, whichever: which of them is told to nobody. */
  | { code: "invalid_credentials" }
  | { code: "email_not_verified" }
  | { code: "not_signed_in" }
  /** The last authentication is too long ago. `methods`: what counts as another. */
  | { code: "reauthentication_required"; methods: "password"[] }
  | { code: "session_unknown" }
  | RateLimited
  | Busy
  | { code: "unavailable"; retryAfterSeconds: number };

export type RefusalCode = Refusal["code"];

export type RefusalOf<Code extends RefusalCode> = Extract<Refusal, { code: Code }>;

export type Result<T, Code extends RefusalCode = RefusalCode> = ResultOf<T, RefusalOf<Code>>;

export function refuse<R extends Refusal>(refusal: R) {
  return err(refusal);
}
