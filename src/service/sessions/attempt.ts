import type { Knex } from "knex";
import { getSchema } from "../../db/schema.ts";
import { SignInFailure } from "../../models/sign-in-failure.ts";
import type { User } from "../../models/user.ts";
import { digest } from "../../secrets/digest.ts";
import { isActive } from "../identity/account.ts";

/** In a row. NIST SP 800-63B-4 section 3.2.2 allows no more for an account: then its password opens nothing. */
const STRANGERS_MOST = 100;
/** In a row, of one browser or session that proved the password before. Then it counts as a stranger. */
const KNOWN_MOST = 20;

function strangersKey(emailKey: string) {
  return digest("strangers", emailKey);
}

/** For unknown addresses too, and in one statement for all, so that its time tells nothing. */
const ATTEMPT = `
  with account as (
    select id, email, hashed_password, session_epoch, ${isActive("one")} as active,
      email_verified_at is not null as verified, deletes_at, language
    from :users: one where email_key = :email_key
  ), spent as (
    insert into :failures: as known (key, user_id, failures) values (:key, (select id from account), 1)
    on conflict (key) do update set
      user_id = excluded.user_id, failures = least(known.failures, :most) + 1, failed_at = excluded.failed_at
    returning failures
  )
  select failures, (select to_jsonb(account) from account) as account from spent`;

export type AttemptedAccount = {
  id: number;
  email: string;
  hashed_password: string;
  session_epoch: number;
  active: boolean;
  verified: boolean;
  deletesAt: Date | null;
  language: string | null;
};

/** A guess at a password, which counts as failed until `forgive`. */
export type Attempt = {
  account: AttemptedAccount | undefined;
  /** Whether it may be right: not after too many failed ones in a row. */
  counts: boolean;
  /** The name of the count, for `forgive`. */
  key: string;
  /** The count of a browser or session that failed too often, and so counts as a stranger. */
  knownKey?: string;
};

/** JSON has no times. */
type Spent = {
  failures: number;
  account: (Omit<AttemptedAccount, "deletesAt"> & { deletes_at: string | null }) | null;
};

async function spend(db: Knex, emailKey: string, key: string, most: number): Promise<Attempt> {
  const schema = getSchema(db);
  const names = { users: `${schema}.users`, failures: `${schema}.sign_in_failures` };
  const { rows }: { rows: [Spent] } = await db.raw(ATTEMPT, { ...names, email_key: emailKey, key, most });
  const [{ failures, account }] = rows;
  const deletesAt = account?.deletes_at ? new Date(account.deletes_at) : null;
  return { account: account ? { ...account, deletesAt } : undefined, counts: failures <= most, key };
}

/**
 * Counts a guess at the password of an address before it is compared, whether the address has an account or not.
 * @param knownBy names the browser or session that proved the password before: what strangers fail does not count for it.
 */
export async function spendAttempt(db: Knex, emailKey: string, knownBy: string | undefined): Promise<Attempt> {
  const strange = () => spend(db, emailKey, strangersKey(emailKey), STRANGERS_MOST);
  if (knownBy === undefined) return strange();
  const known = await spend(db, emailKey, digest("known", emailKey, knownBy), KNOWN_MOST);
  return known.counts ? known : { ...(await strange()), knownKey: known.key };
}

/**
 * Has a guess that was not compared not count. One beyond the most was not counted either: whoever hangs up often enough
 * would have all that failed before forgotten. A row of nothing is deleted, for those of an account stay.
 */
export async function giveBackAttempt(db: Knex, { key, counts }: Attempt): Promise<void> {
  if (!counts) return;
  const deleted = await SignInFailure.query(db).where({ key, failures: 1 }).delete();
  if (deleted === 0) await SignInFailure.query(db).where({ key }).where("failures", ">", 1).decrement("failures", 1);
}

/** Begins a new row of failures, after a right password. With it a browser is known again. */
export async function forgive(db: Knex, { key, knownKey, counts }: Attempt): Promise<void> {
  if (counts)
    await SignInFailure.query(db)
      .whereIn("key", knownKey === undefined ? [key] : [key, knownKey])
      .delete();
}

/**
 * Forgets what strangers failed at an address. Before it was an account's, or while that had another id, it was nobody's or
 * of that one.
 */
export async function forgetStrangers(db: Knex, emailKey: string): Promise<void> {
  await SignInFailure.query(db).deleteById(strangersKey(emailKey));
}

/** Begins all counts of an account anew. */
export async function forgetFailures(db: Knex, { id, email_key }: Pick<User, "id" | "email_key">): Promise<void> {
  await SignInFailure.query(db).where({ user_id: id }).delete();
  await forgetStrangers(db, email_key);
}
