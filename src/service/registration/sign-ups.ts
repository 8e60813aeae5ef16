import type { Knex } from "knex";
import { type AnyQueryBuilder, type RawBuilder, raw } from "objection";
import { violatedUnique } from "../../db/faults.ts";
import { getSchema } from "../../db/schema.ts";
import { toSite } from "../../limits/network.ts";
import { insertEmail } from "../../mail/outbox.ts";
import { SignUp } from "../../models/sign-up.ts";
import { User } from "../../models/user.ts";
import { digest } from "../../secrets/digest.ts";
import type { Caller } from "../caller.ts";
import type { EmailAddress } from "../identity/email-address.ts";
import type { Account } from "../identity/fields.ts";

export type NewSignUp = { email: EmailAddress; hashedPassword: string; caller: Caller };

/** The account of an address, kept until a sign-up refers to it: deleting the account then deletes the sign-up. */
function findAccount(db: Knex, { email }: NewSignUp) {
  return User.query(db).where({ email_key: email.key }).select("id").forKeyShare();
}

/**
 * Writes a sign-up of an account with its email, all by one statement: it exists whole or not at all.
 * @param account finds or creates the account. @param reservedId the account's id where this sign-up opens it, or the
 * one announced in discreet mode. @returns that id.
 */
async function insertSignUp(
  db: Knex,
  { email, hashedPassword, caller }: NewSignUp,
  account: AnyQueryBuilder,
  reservedId: RawBuilder | null,
): Promise<number> {
  const signUp = SignUp.query(db).insert({
    user_id: raw("(select id from account)"),
    reserved_id: reservedId,
    email: email.email,
    email_key: email.key,
    hashed_password: hashedPassword,
    device_hash: digest(caller.newDeviceSecret),
    user_agent: caller.userAgent,
  });
  const written = await insertEmail(db, {
    key: raw("'sign-up ' || (select id from sign_up)"),
    emailKey: email.key,
    signUpId: raw("(select id from sign_up)"),
    mailbox: email.mailbox,
    domain: email.domain,
    network: toSite(caller.ip),
  })
    .with("account", account)
    .with("sign_up", signUp.returning(["id", "reserved_id"]))
    .returning(raw("(select reserved_id from sign_up) as id"));
  return written.id;
}

/** Stores a further sign-up for an address that has an account, with its email. */
export async function addSignUp(db: Knex, signUp: NewSignUp): Promise<void> {
  await insertSignUp(db, signUp, findAccount(db, signUp), null);
}

/** Stores a sign-up by the same work for every address. @returns the account that verifying it would create. */
export async function reserveAccount(db: Knex, signUp: NewSignUp): Promise<Account> {
  const nextId = raw("nextval(pg_get_serial_sequence(format('%I.users', ?::text), 'id'))", [getSchema(db)]);
  // To wait for who has the account locked would tell that there is one. The worker refers the sign-up to it later.
  const id = await insertSignUp(db, signUp, findAccount(db, signUp).skipLocked(), nextId);
  return { id, email: signUp.email.email };
}

/** Creates an unverified account with its email, or undefined if the address has one: the unique index decides. */
export async function createUnverifiedAccount(
  db: Knex,
  signUp: NewSignUp,
  unverifiedDays: number,
): Promise<Account | undefined> {
  const { email, hashedPassword } = signUp;
  const account = User.query(db).insert({
    email: email.email,
    email_key: email.key,
    hashed_password: hashedPassword,
    unverified_expires_at: raw("now() + make_interval(days => ?)", [unverifiedDays]),
  });
  try {
    const id = await insertSignUp(db, signUp, account.returning("id"), raw("(select id from account)"));
    return { id, email: email.email };
  } catch (fault) {
    if (violatedUnique(fault) === User.emailKeyIsUnique) return undefined;
    throw fault;
  }
}
