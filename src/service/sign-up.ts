import type { Knex } from "knex";
import { raw } from "objection";
import { violatedUnique } from "../db/faults.ts";
import { schemaOf } from "../db/schema.ts";
import { transaction } from "../db/transaction.ts";
import { enqueue } from "../mail/outbox.ts";
import { SignUp } from "../models/sign-up.ts";
import { User } from "../models/user.ts";
import { digest } from "./digest.ts";
import type { EmailAddress } from "./email-address.ts";
import type { Account } from "./input.ts";

/** What is known of a sign-up when its password has been hashed. */
export type NewSignUp = { email: EmailAddress; hashedPassword: string; browser: string };

type OfAccount = Partial<Pick<SignUp, "user_id" | "promised_id">>;

async function insertWithMail(trx: Knex, { email, hashedPassword, browser }: NewSignUp, account: OfAccount) {
  const signUp = await SignUp.query(trx).insert({
    ...account,
    email: email.email,
    email_key: email.key,
    hashed_password: hashedPassword,
    browser_hash: digest(browser),
  });
  await enqueue(trx, { key: `sign-up ${signUp.id}`, emailKey: email.key, signUpId: signUp.id });
}

/** Whether others are open for its address, made in another browser. */
export async function hasOthers(db: Knex, { id, email_key, browser_hash }: SignUp): Promise<boolean> {
  const others = SignUp.query(db).where({ email_key }).whereNull("outcome").whereNot({ id });
  const other = await others.whereRaw("browser_hash is distinct from ?", [browser_hash]).select("id").first();
  return other !== undefined;
}

/** Stores a further sign-up for an address that has an account, and the mail about it. */
export async function contend(db: Knex, signUp: NewSignUp): Promise<void> {
  await transaction(db, async (trx) => {
    // It may be deleted at the moment.
    const user = await User.query(trx).findOne({ email_key: signUp.email.key }).select("id").forKeyShare();
    await insertWithMail(trx, signUp, { user_id: user?.id ?? null });
  });
}

/**
 * Stores a sign-up and the mail about it: the same work whether the address has an account or not.
 * @returns the account as it will be if this sign-up is the one that is verified and the address has none.
 */
export async function promiseAccount(db: Knex, signUp: NewSignUp): Promise<Account> {
  return transaction(db, async (trx) => {
    const { rows } = await trx.raw("select nextval(pg_get_serial_sequence(format('%I.users', ?::text), 'id')) as id", [schemaOf(trx)]);
    const [{ id }] = rows;
    await insertWithMail(trx, signUp, { promised_id: id });
    return { id, email: signUp.email.email };
  });
}

/**
 * Makes the account at once, still to be verified, with its sign-up and the mail about it: all or nothing.
 * @returns the account, or undefined where the address has one: the unique index decides.
 */
export async function openAccount(db: Knex, signUp: NewSignUp, unverifiedDays: number): Promise<Account | undefined> {
  const { email, hashedPassword } = signUp;
  try {
    return await transaction(db, async (trx) => {
      const user = await User.query(trx).insert({
        email: email.email,
        email_key: email.key,
        hashed_password: hashedPassword,
        confirm_by: raw("now() + make_interval(days => ?)", [unverifiedDays]),
      });
      await insertWithMail(trx, signUp, { user_id: user.id });
      return { id: user.id, email: user.email };
    });
  } catch (fault) {
    if (violatedUnique(fault) === User.emailKeyIsUnique) return undefined;
    throw fault;
  }
}
