import type { Knex } from "knex";
import type { Logger } from "pino";
import { transaction } from "../db/transaction.ts";
import type { Limiter } from "../limits/limiter.ts";
import { enqueue } from "../mail/outbox.ts";
import { SignUp } from "../models/sign-up.ts";
import { whileAvailable } from "./available.ts";
import type { Caller } from "./caller.ts";
import { digest } from "./digest.ts";
import type { EmailAddress } from "./email-address.ts";
import type { Result } from "./errors.ts";
import { fieldErrors, type Mailed, recordOf, resendInput } from "./input.ts";
import { limited, refuse } from "./refuse.ts";

export type ResendParts = { db: Knex; limiter: Limiter | undefined; mailQueued: () => void; log: Logger };

const MINUTE_MS = 60_000;

/**
 * Has a mail written anew. Known or not, the address gets a row in the outbox, and what there is to say to it, if anything, is
 * decided when that is sent: neither the answer nor its time tells.
 */
async function order(trx: Knex, { key }: EmailAddress, { browser }: Caller): Promise<boolean> {
  const signUp = await SignUp.query(trx)
    .where({ email_key: key })
    .whereNull("outcome")
    .orderByRaw("browser_hash is not distinct from ? desc, id desc", [digest(browser)])
    .select("id")
    .first()
    // It must not expire before the mail refers to it.
    .forKeyShare();
  const signUpId = signUp?.id ?? null;
  // Who asks twice within a minute gets one mail.
  const minute = Math.floor(Date.now() / MINUTE_MS);
  return enqueue(trx, { key: `again ${key} ${signUpId} ${minute}`, emailKey: key, signUpId });
}

/**
 * Sends the mail of a sign-up again, preferably of the one from this browser.
 * @returns a function that takes what a client sent, as it came, and gives the address, whether it is known or not; or refuses
 * with `invalid_input`, `rate_limited` or `unavailable`.
 */
export function resend({ db, limiter, mailQueued, log }: ResendParts) {
  return async function resendVerification(input: unknown, caller: Caller): Promise<Result<Mailed>> {
    const parsed = resendInput.safeParse(recordOf(input));
    if (!parsed.success) return refuse({ code: "invalid_input", fields: fieldErrors(parsed.error) });
    const { email } = parsed.data;
    const attempt = { ip: caller.ip, emailKey: email.key };
    return whileAvailable(log, caller, async () => {
      const refusal = limited(await limiter?.byAddress(attempt));
      if (refusal) return refusal;
      const mail = await limiter?.byMailbox(attempt);
      if (mail && "exceeded" in mail) return refuse({ code: "rate_limited", ...mail.exceeded });
      if (await transaction(db, (trx) => order(trx, email, caller))) mailQueued();
      else await mail?.giveBack();
      return { ok: true, value: { email: email.email } };
    });
  };
}
