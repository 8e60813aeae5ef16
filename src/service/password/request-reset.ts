import type { Knex } from "knex";
import { enqueue } from "../../mail/outbox.ts";
import type { Caller } from "../caller.ts";
import type { Result } from "../refusal.ts";
import type { EmailRequested } from "../verification/input.ts";
import { type RequestEmailDeps, type RequestedEmail, requestEmail } from "../verification/request-email.ts";

export type RequestResetDeps = RequestEmailDeps & { db: Knex };

/** Asks for the email that lets its reader set a new password. */
export function requestReset(
  deps: RequestResetDeps,
  input: unknown,
  caller: Caller,
): Promise<Result<EmailRequested, "invalid_input" | "rate_limited">> {
  const write = (email: RequestedEmail) => enqueue(deps.db, { ...email, purpose: "reset" });
  return requestEmail(deps, "reset", write, input, caller);
}
