import type { Knex } from "knex";
import { Session } from "../../models/session.ts";
import { User } from "../../models/user.ts";
import { isActive } from "../identity/account.ts";
import type { LiveSession } from "./live.ts";

/**
 * The row of an account that people get into, locked until the transaction ends. A session that begins refers to the row and
 * need not wait: it has the epoch before. Else it and whoever ends the sessions here could wait for each other.
 */
export function lockAccount(trx: Knex, id: number): Promise<User | undefined> {
  return User.query(trx).findById(id).whereRaw(isActive("users")).forNoKeyUpdate().execute();
}

/** The same of the account of a session. @returns undefined where the session ended, or got another token, meanwhile. */
export async function lockOwnAccount(trx: Knex, { id, tokenHash, account }: LiveSession): Promise<User | undefined> {
  const user = await lockAccount(trx, account.id);
  const own = { id, token_hash: tokenHash, user_id: account.id, epoch: user?.session_epoch ?? null };
  const live = user && (await Session.query(trx).where(own).select("id").first());
  return live && user;
}
