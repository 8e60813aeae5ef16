import type { Knex } from "knex";
import { raw } from "objection";
import type { User } from "../../models/user.ts";
import { forgetFailures } from "../sessions/attempt.ts";
import { emailAccount } from "../sessions/email-account.ts";
import { voidResetLinks } from "../verification/void-reset-links.ts";

/** Who changed a password, for the limits on emails. */
export type ChangedBy = { network: string };

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
  await emailAccount(trx, changed, {
    purpose: "password_changed",
    key: `password changed ${changed.id} ${changed.session_epoch}`,
    network: by.network,
  });
  return changed;
}
