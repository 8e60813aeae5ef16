import type { Knex } from "knex";
import type { Limiter } from "../../limits/limiter.ts";
import { toSite } from "../../limits/network.ts";
import { enqueue } from "../../mail/outbox.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { parseInput } from "../identity/fields.ts";
import { countInvalid } from "../invalid-input.ts";
import type { Result } from "../refusal.ts";
import { type RequestResetOutput, requestResetInput } from "./input.ts";

export type RequestResetDeps = { db: Knex; limiter: Limiter; emailQueued: () => void };

const MINUTE_MS = 60_000;

/**
 * Asks for the email that lets its reader set a new password. Every address gets a row, and the worker finds out later
 * whether there is something to say: neither the answer nor its time tells.
 */
export async function requestReset(
  { db, limiter, emailQueued }: RequestResetDeps,
  input: unknown,
  caller: Caller,
): Promise<Result<RequestResetOutput, "invalid_input" | "rate_limited">> {
  const parsed = parseInput(requestResetInput, input);
  if (!parsed.ok) return countInvalid(limiter, caller, parsed);
  const { key, mailbox, domain, email } = parsed.value.email;
  const spent = await limiter.spend({ ip: caller.ip, emailKey: key });
  if (!spent.ok) return spent;
  const network = toSite(caller.ip);
  // Two requests of one network within a minute get one email, whatever there is at the address.
  const minute = Math.floor(Date.now() / MINUTE_MS);
  const row = { key: `reset ${key} ${network} ${minute}`, emailKey: key, signUpId: null, mailbox, domain, network };
  if (await enqueue(db, { ...row, purpose: "reset" })) emailQueued();
  return ok({ email });
}
