import type { Knex } from "knex";
import { z } from "zod";
import { enqueue, type NewEmail } from "../../mail/outbox.ts";
import type { User } from "../../models/user.ts";
import { parseEmailAddress } from "../identity/email-address.ts";

type EmailedAccount = Pick<User, "id" | "email" | "email_key" | "language">;

export type AccountEmail = Pick<NewEmail, "key" | "purpose" | "network" | "details">;

/**
 * What tells an account's own mailbox has a budget of its own for each purpose: neither strangers' emails nor a thief's other
 * doings keep it waiting. What goes to an address that somebody asks for shares the one of all who write there.
 */
function budgetOf(purpose: AccountEmail["purpose"], mailbox: string): string {
  return purpose === "email_change" || mailbox === "" ? mailbox : `${purpose} ${mailbox}`;
}

/**
 * Writes an email about an account, in the transaction of its cause: both happen or neither. It goes where it is addressed
 * now, in the language of now, whatever becomes of the account until it is sent.
 */
export async function emailAccount(
  trx: Knex,
  { id, email, email_key, language }: EmailedAccount,
  { details, ...others }: AccountEmail,
): Promise<void> {
  const address = parseEmailAddress(email);
  // One that an operator wrote by SQL may be none: then no budget counts it.
  const { mailbox, domain } = address.ok ? address.value : { mailbox: "", domain: "" };
  await enqueue(trx, {
    ...others,
    userId: id,
    emailKey: email_key,
    mailbox: budgetOf(others.purpose, mailbox),
    domain,
    details: { ...details, address: email, language },
  });
}

/** To whom such an email goes. Instances of the version before name no language. */
export const addressee = z.object({ address: z.string(), language: z.string().nullable().default(null) });
