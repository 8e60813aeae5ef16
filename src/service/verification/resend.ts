import type { Knex } from "knex";
import { transaction } from "../../db/transaction.ts";
import type { Limiter } from "../../limits/limiter.ts";
import { toSite } from "../../limits/network.ts";
import { enqueue } from "../../mail/outbox.ts";
import { SignUp } from "../../models/sign-up.ts";
import { ok } from "../../result.ts";
import { digest } from "../../secrets/digest.ts";
import type { Caller } from "../caller.ts";
import type { EmailAddress } from "../identity/email-address.ts";
import { parseInput } from "../identity/fields.ts";
import type { Result } from "../refusal.ts";
import { type ResendOutput, resendInput } from "./input.ts";

export type ResendDeps = {
  db: Knex;
  limiter: Limiter;
  emailQueued: () => void;
};

const MINUTE_MS = 60_000;

/** Known or not, the address gets a row, and the worker decides what to say: neither answer nor time tells. */
async function enqueueVerificationEmail(
  trx: Knex,
  { key, domain }: EmailAddress,
  { deviceSecret, ip }: Caller,
): Promise<boolean> {
  const signUp = await SignUp.query(trx)
    .where({ email_key: key })
    .whereNull("outcome")
    .orderByRaw("device_hash is not distinct from ? desc, id desc", [digest(deviceSecret)])
    .select("id")
    .first()
    // It must not expire before the email refers to it.
    .forKeyShare();
  const signUpId = signUp?.id ?? null;
  // Two requests within a minute get one email.
  const minute = Math.floor(Date.now() / MINUTE_MS);
  return enqueue(trx, {
    key: `again ${key} ${signUpId} ${minute}`,
    emailKey: key,
    signUpId,
    mailbox: key,
    domain,
    network: toSite(ip),
  });
}

/** Sends a sign-up's email again, preferably of this browser's. The answer is the same for every address. */
export async function resendVerification(
  { db, limiter, emailQueued }: ResendDeps,
  input: unknown,
  caller: Caller,
): Promise<Result<ResendOutput, "invalid_input" | "rate_limited">> {
  const parsed = parseInput(resendInput, input);
  if (!parsed.ok) return parsed;
  const { email } = parsed.value;
  const attempt = { ip: caller.ip, emailKey: email.key };
  const ip = await limiter.spendIp(attempt);
  if (!ip.ok) return ip;
  const mailbox = await limiter.spendMailbox(attempt);
  if (!mailbox.ok) return mailbox;
  if (await transaction(db, (trx) => enqueueVerificationEmail(trx, email, caller))) emailQueued();
  else await mailbox.value.refund();
  return ok({ email: email.email });
}
