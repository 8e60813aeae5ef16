import type { Knex } from "knex";
import { raw } from "objection";
import { transaction } from "../../db/transaction.ts";
import { type AppTransaction, within } from "../../db/within.ts";
import type { EventRecorder } from "../../events/recorder.ts";
import { Session } from "../../models/session.ts";
import { User } from "../../models/user.ts";
import { parseEmailAddress } from "../identity/email-address.ts";
import { emailAccount } from "../sessions/email-account.ts";
import { toOutput } from "../sessions/hand-over.ts";
import type { SignedInAccount } from "../sessions/input.ts";
import { lockAddress, replacedName } from "../verification/claim.ts";
import { deleteManySignUps, type RemoveDeps, removeRows } from "./remove.ts";

export type Accounts = {
  /** Finds an account, whether or not anybody gets into it. An address is compared as at a sign-in. */
  find(by: { id: number } | { email: string }, trx?: AppTransaction): Promise<SignedInAccount | null>;
  /** Ends all sessions of an account, at all instances. Resolves to whether there is such an account. */
  endSessions(id: number, trx?: AppTransaction): Promise<boolean>;
  /**
   * Deletes an account at once, with all that is kept of it, and has its mailbox told. Neither a grace nor an undo of its
   * address is waited for. Resolves to whether there was such an account.
   * @throws the database's fault where a foreign key of the app's keeps it.
   */
  delete(id: number, trx?: AppTransaction): Promise<boolean>;
};

/** What is left of an account that gave way, where a foreign key of the app's keeps its row: nobody's. */
function hasGivenWay({ id, email_key }: User) {
  return email_key === replacedName(id);
}

/** An app may take a number from an address that somebody typed. The database would refuse it, and end a transaction by that. */
function canBeId(id: number): boolean {
  return Number.isSafeInteger(id);
}

async function find(db: Knex, by: { id: number } | { email: string }): Promise<SignedInAccount | null> {
  const email = "email" in by ? parseEmailAddress(by.email) : undefined;
  if (email && !email.ok) return null;
  if ("id" in by && !canBeId(by.id)) return null;
  const user = await User.query(db)
    .where("id" in by ? { id: by.id } : { email_key: email?.value.key ?? "" })
    .first();
  if (user && hasGivenWay(user)) return null;
  return user ? toOutput({ ...user, verified: user.email_verified_at !== null, deletesAt: user.deletes_at }) : null;
}

async function endSessions(trx: Knex, id: number): Promise<boolean> {
  const count = await User.query(trx)
    .findById(id)
    .patch({ session_epoch: raw("session_epoch + 1") });
  await Session.query(trx).where({ user_id: id }).delete();
  return count > 0;
}

async function deleteNow(trx: Knex, events: EventRecorder, id: number): Promise<boolean> {
  const found = await User.query(trx).findById(id);
  if (!found) return false;
  await lockAddress(trx, found.email_key);
  const user = await User.query(trx).findById(id).where({ email_key: found.email_key }).forUpdate();
  if (!user) return deleteNow(trx, events, id);
  if (hasGivenWay(user)) return (await User.query(trx).deleteById(id)) > 0;
  await emailAccount(trx, user, {
    purpose: "deletion",
    key: `deleted ${id}`,
    network: "",
    details: { step: "asked" },
  });
  await removeRows(trx, user, events);
  return true;
}

/** Creates what an app's own code does with accounts, in a transaction of its own where it brings one. */
export function createAccounts({ db, events }: RemoveDeps, emailQueued: () => void): Accounts {
  const run = async <T>(work: (trx: Knex) => Promise<T>, trx: AppTransaction | undefined) =>
    trx ? work(within(trx, db)) : transaction(db, work);
  return {
    find: (by, trx) => run((handle) => find(handle, by), trx),
    endSessions: async (id, trx) => canBeId(id) && run((handle) => endSessions(handle, id), trx),
    async delete(id, trx) {
      if (!canBeId(id)) return false;
      const found = trx ? undefined : await User.query(db).findById(id);
      if (found) await deleteManySignUps(db, found);
      const isDeleted = await run((handle) => deleteNow(handle, events, id), trx);
      if (isDeleted && !trx) emailQueued();
      return isDeleted;
    },
  };
}
