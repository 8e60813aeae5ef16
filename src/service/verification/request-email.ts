import { z } from "zod";
import type { Limiter } from "../../limits/limiter.ts";
import { toSite } from "../../limits/network.ts";
import type { NewEmail } from "../../mail/outbox.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { parseInput } from "../identity/fields.ts";
import { countInvalid } from "../invalid-input.ts";
import type { Result } from "../refusal.ts";
import { type EmailRequested, emailRequest } from "./input.ts";

export type RequestEmailDeps = { limiter: Limiter; emailQueued: () => void };

/** An email to an address, but for what it is about. */
export type RequestedEmail = Omit<NewEmail, "signUpId" | "purpose">;

const MINUTE_MS = 60_000;

/**
 * Asks for an email to an address. Every address gets a row, and the worker finds out later whether there is something to
 * say: neither the answer nor its time tells. @param kind keeps apart what is asked for. @param write writes the row, and
 * resolves to whether it is a new one.
 */
export async function requestEmail(
  { limiter, emailQueued }: RequestEmailDeps,
  kind: string,
  write: (email: RequestedEmail) => Promise<boolean>,
  input: unknown,
  caller: Caller,
): Promise<Result<EmailRequested, "invalid_input" | "rate_limited">> {
  const parsed = parseInput(emailRequest, input);
  if (!parsed.ok) return countInvalid(limiter, caller, parsed);
  const { key: emailKey, mailbox, domain, email } = parsed.value.email;
  const spent = await limiter.spend({ ip: caller.ip, emailKey });
  if (!spent.ok) return spent;
  const network = toSite(caller.ip);
  // Two requests of one network within a minute get one email, whatever there is at the address.
  const minute = Math.floor(Date.now() / MINUTE_MS);
  const key = `${kind} ${emailKey} ${network} ${minute}`;
  const details = caller.returnTo === undefined ? {} : { details: { returnTo: caller.returnTo } };
  if (await write({ key, emailKey, mailbox, domain, network, ...details })) emailQueued();
  return ok({ email });
}

const details = z.object({ returnTo: z.string().optional() }).nullable();

/** What an email that was asked for knows of where its reader goes on to in the end. */
export function readReturnTo(written: unknown): string | undefined {
  return details.parse(written)?.returnTo;
}
