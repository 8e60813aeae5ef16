import type { Knex } from "knex";
import { raw } from "objection";
import { enqueue } from "../../mail/outbox.ts";
import { User } from "../../models/user.ts";
import { parseEmailAddress } from "../identity/email-address.ts";
import { forgetFailures } from "../sessions/attempt.ts";
import { voidResetLinks } from "../verification/void-reset-links.ts";

/** Who changed a password, for the limits on emails. */
export type ChangedBy = { network: string };

/** Tells the mailbox, in the transaction of the change: both happen or neither. */
async function enqueueNotice(trx: Knex, user: User, { network }: ChangedBy): Promise<void> {
  const address = parseEmailAddress(user.email);
  const { mailbox, domain } = address.ok ? address.value : { mailbox: "", domain: "" };
  await enqueue(trx, {
    key: `password changed ${user.id} ${user.session_epoch}`,
    emailKey: user.email_key,
    signUpId: null,
    purpose: "password_changed",
    mailbox,
    domain,
    network,
  });
}

/**
 * Gives an account another password, in a transaction that has its row locked: all sessions end, links to set it are void,
 * what failed before is forgotten, and the mailbox is told. @returns the account as it is then.
 */
export async function setPassword(trx: Knex, user: User, hashed_password: string, by: ChangedBy): Promise<User> {
  const changed = await user.$query(trx).patchAndFetch({
    hashed_password,
    session_epoch: raw("session_epoch + 1"),
    updated_at: raw("now()"),
  });
  await voidResetLinks(trx, user);
  await forgetFailures(trx, user);
  await enqueueNotice(trx, changed, by);
  return changed;
}

/** The row of an account, locked until the transaction ends. */
export function lockAccount(trx: Knex, id: number): Promise<User | undefined> {
  return User.query(trx).findById(id).whereNull("disabled_at").forUpdate().execute();
}
