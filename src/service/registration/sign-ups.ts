import type { Knex } from "knex";
import { type QueryBuilder, raw } from "objection";
import { violatedUnique } from "../../db/faults.ts";
import { getSchema } from "../../db/schema.ts";
import { transaction } from "../../db/transaction.ts";
import { toSite } from "../../limits/network.ts";
import { enqueue } from "../../mail/outbox.ts";
import { SignUp } from "../../models/sign-up.ts";
import { User } from "../../models/user.ts";
import { digest } from "../../secrets/digest.ts";
import type { Caller } from "../caller.ts";
import type { EmailAddress } from "../identity/email-address.ts";
import type { Account } from "../identity/fields.ts";

export type NewSignUp = { email: EmailAddress; hashedPassword: string; caller: Caller };

/** The lock keeps an account until a sign-up refers to it. */
function keptAccount(trx: Knex): QueryBuilder<User> {
  return User.query(trx).forKeyShare();
}

/**
 * @param reservedId the account's id where this sign-up opened it, or the one announced in discreet mode.
 * @param account of the address, if there is one.
 */
async function insertWithEmail(
  trx: Knex,
  { email, hashedPassword, caller }: NewSignUp,
  account: QueryBuilder<User>,
  reservedId?: number,
) {
  const signUp = await SignUp.query(trx).insert({
    // Deleting the account then deletes the sign-up. It is one statement for all, so that its work does not tell whether
    // there is one.
    user_id: account.where({ email_key: email.key }).select("id"),
    ...(reservedId !== undefined && { reserved_id: reservedId }),
    email: email.email,
    email_key: email.key,
    hashed_password: hashedPassword,
    device_hash: digest(caller.newDeviceSecret),
    user_agent: caller.userAgent,
  });
  await enqueue(trx, {
    key: `sign-up ${signUp.id}`,
    emailKey: email.key,
    signUpId: signUp.id,
    mailbox: email.mailbox,
    domain: email.domain,
    network: toSite(caller.ip),
  });
}

/** Whether another password was asked for at the address, from whatever browser. */
export async function hasCompetingSignUps(db: Knex, { id, email_key }: SignUp): Promise<boolean> {
  const others = SignUp.query(db).where({ email_key }).whereNotNull("hashed_password").whereNot({ id });
  return (await others.select("id").first()) !== undefined;
}

/** Stores a further sign-up for an address that has an account, with its email. */
export async function addSignUp(db: Knex, signUp: NewSignUp): Promise<void> {
  await transaction(db, (trx) => insertWithEmail(trx, signUp, keptAccount(trx)));
}

async function nextUserId(trx: Knex): Promise<number> {
  const { rows } = await trx.raw("select nextval(pg_get_serial_sequence(format('%I.users', ?::text), 'id')) as id", [
    getSchema(trx),
  ]);
  return rows[0].id;
}

/** Stores a sign-up by the same work for every address. @returns the account that verifying it would create. */
export async function reserveAccount(db: Knex, signUp: NewSignUp): Promise<Account> {
  return transaction(db, async (trx) => {
    const id = await nextUserId(trx);
    // To wait for who has the account locked would tell that there is one. The worker refers the sign-up to it later.
    await insertWithEmail(trx, signUp, keptAccount(trx).skipLocked(), id);
    return { id, email: signUp.email.email };
  });
}

/** Creates an unverified account with its email, or undefined if the address has one: the unique index decides. */
export async function createUnverifiedAccount(
  db: Knex,
  signUp: NewSignUp,
  unverifiedDays: number,
): Promise<Account | undefined> {
  const { email, hashedPassword } = signUp;
  try {
    return await transaction(db, async (trx) => {
      const user = await User.query(trx).insert({
        email: email.email,
        email_key: email.key,
        hashed_password: hashedPassword,
        unverified_expires_at: raw("now() + make_interval(days => ?)", [unverifiedDays]),
      });
      await insertWithEmail(trx, signUp, keptAccount(trx), user.id);
      return { id: user.id, email: user.email };
    });
  } catch (fault) {
    if (violatedUnique(fault) === User.emailKeyIsUnique) return undefined;
    throw fault;
  }
}
