import { ADDRESS_OCTETS, ADDRESS_TOO_LONG } from "../service/email-address.ts";
import { describe, type FieldError, type ServiceError } from "../service/errors.ts";
import { PASSWORD_MAX_LENGTH } from "../service/password.ts";

type PageError = { field: FieldError["field"] | "code"; message: string };

/** What a page shows for a refusal: its status, the fields at fault, or a sentence that concerns none of them. */
export type Answer = { status: number; fields: PageError[]; notice?: string };

/** For a form that no registration fills: the service is not asked. */
export function answerToTooLarge(email: string): Answer {
  const error: FieldError =
    email.length > ADDRESS_OCTETS
      ? { field: "email", message: ADDRESS_TOO_LONG }
      : { field: "password", message: `Use at most ${PASSWORD_MAX_LENGTH} characters; this password is far longer.` };
  return { status: 413, fields: [error] };
}

type Answers = { [Code in ServiceError["code"]]: (error: Extract<ServiceError, { code: Code }>) => Answer };

/** A time to wait, as people say it. */
function inSeconds(count: number) {
  if (count === 1) return "a second";
  return count <= 90 ? `${count} seconds` : `${Math.ceil(count / 60)} minutes`;
}

const TAKEN = "Email already registered. If it is yours, you have an account; if not, check the spelling.";
const TAKEN_MAILED =
  "Email already registered, but not confirmed yet. If it is yours, follow the link in the email that we have just sent you: the account then has the password you chose now.";

const ANSWERS: Answers = {
  invalid_input: ({ fields }) => ({ status: 400, fields }),
  email_taken: ({ mailSent }) => ({ status: 400, fields: [{ field: "email", message: mailSent ? TAKEN_MAILED : TAKEN }] }),
  token_unknown: (error) => ({ status: 404, fields: [], notice: describe(error) }),
  token_expired: (error) => ({ status: 410, fields: [], notice: describe(error) }),
  token_used: (error) => ({ status: 410, fields: [], notice: describe(error) }),
  code_refused: (error) => ({ status: 400, fields: [{ field: "code", message: describe(error) }] }),
  registration_closed: () => ({ status: 403, fields: [], notice: "Registration is closed at the moment: no accounts are created." }),
  rate_limited: ({ retryAfterSeconds }) => ({
    status: 429,
    fields: [],
    notice: `There were too many attempts, so nothing was done. Please try again in ${inSeconds(retryAfterSeconds)}.`,
  }),
  busy: ({ retryAfterSeconds }) => ({
    status: 503,
    fields: [],
    notice: `Very many people are signing up at this moment, so your account was not created yet. Please try again in ${inSeconds(retryAfterSeconds)}.`,
  }),
  unavailable: ({ retryAfterSeconds }) => ({
    status: 503,
    fields: [],
    notice: `Something is out of order just now. Please try again in ${inSeconds(retryAfterSeconds)}. This attempt may have succeeded all the same; you are then told so.`,
  }),
};

/** Tells what the page shows for a refusal. */
export function answerTo<Code extends ServiceError["code"]>(error: Extract<ServiceError, { code: Code }>): Answer {
  const code: Code = error.code;
  return ANSWERS[code](error);
}
