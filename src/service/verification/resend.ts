import type { Knex } from "knex";
import { transaction } from "../../db/transaction.ts";
import { enqueue } from "../../mail/outbox.ts";
import { SignUp } from "../../models/sign-up.ts";
import { digestEach } from "../../secrets/digest.ts";
import type { Caller } from "../caller.ts";
import type { Result } from "../refusal.ts";
import type { EmailRequested } from "./input.ts";
import { type RequestEmailDeps, type RequestedEmail, requestEmail } from "./request-email.ts";

export type ResendDeps = RequestEmailDeps & { db: Knex };

/** This browser's, or else the latest. Each is found without sorting those that strangers made. */
async function findOpenSignUp(trx: Knex, email_key: string, { deviceSecrets }: Caller): Promise<SignUp | undefined> {
  const hashes = digestEach(deviceSecrets);
  const latest = () =>
    // It must not expire before the email refers to it.
    SignUp.query(trx)
      .where({ email_key })
      .whereNull("outcome")
      .orderBy("id", "desc")
      .select("id")
      .first()
      .forKeyShare();
  const own = hashes.length > 0 ? await latest().whereIn("device_hash", hashes) : undefined;
  return own ?? latest();
}

/** Sends a sign-up's email again, preferably of this browser's. */
export async function resendVerification(
  deps: ResendDeps,
  input: unknown,
  caller: Caller,
): Promise<Result<EmailRequested, "invalid_input" | "rate_limited">> {
  const write = (email: RequestedEmail) =>
    transaction(deps.db, async (trx) => {
      const signUp = await findOpenSignUp(trx, email.emailKey, caller);
      return enqueue(trx, { ...email, signUpId: signUp?.id, purpose: "verify" });
    });
  return requestEmail(deps, "again", write, input, caller);
}
