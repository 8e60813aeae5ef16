import type { Knex } from "knex";
import { transaction } from "../../db/transaction.ts";
import type { Limiter } from "../../limits/limiter.ts";
import { toSite } from "../../limits/network.ts";
import { enqueue } from "../../mail/outbox.ts";
import { SignUp } from "../../models/sign-up.ts";
import { ok } from "../../result.ts";
import { digestEach } from "../../secrets/digest.ts";
import type { Caller } from "../caller.ts";
import type { EmailAddress } from "../identity/email-address.ts";
import { parseInput } from "../identity/fields.ts";
import { countInvalid } from "../invalid-input.ts";
import type { Result } from "../refusal.ts";
import { type ResendOutput, resendInput } from "./input.ts";

export type ResendDeps = {
  db: Knex;
  limiter: Limiter;
  emailQueued: () => void;
};

const MINUTE_MS = 60_000;

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

/** Known or not, the address gets a row, and the worker decides what to say: neither answer nor time tells. */
async function enqueueVerificationEmail(trx: Knex, address: EmailAddress, caller: Caller): Promise<boolean> {
  const { key, mailbox, domain } = address;
  const signUp = await findOpenSignUp(trx, key, caller);
  const network = toSite(caller.ip);
  // Two requests of one network within a minute get one email, whatever there is at the address.
  const minute = Math.floor(Date.now() / MINUTE_MS);
  return enqueue(trx, {
    key: `again ${key} ${network} ${minute}`,
    emailKey: key,
    signUpId: signUp?.id ?? null,
    purpose: "verify",
    mailbox,
    domain,
    network,
  });
}

/** Sends a sign-up's email again, preferably of this browser's. The answer is the same for every address. */
export async function resendVerification(
  { db, limiter, emailQueued }: ResendDeps,
  input: unknown,
  caller: Caller,
): Promise<Result<ResendOutput, "invalid_input" | "rate_limited">> {
  const parsed = parseInput(resendInput, input);
  if (!parsed.ok) return countInvalid(limiter, caller, parsed);
  const { email } = parsed.value;
  const spent = await limiter.spend({ ip: caller.ip, emailKey: email.key });
  if (!spent.ok) return spent;
  if (await transaction(db, (trx) => enqueueVerificationEmail(trx, email, caller))) emailQueued();
  return ok({ email: email.email });
}
