import type { Knex } from "knex";
import { violatedUnique } from "../../db/faults.ts";
import { getSchema } from "../../db/schema.ts";
import { transaction } from "../../db/transaction.ts";
import type { EventRecorder } from "../../events/recorder.ts";
import { toSite } from "../../limits/network.ts";
import { insertEmail } from "../../mail/outbox.ts";
import { User } from "../../models/user.ts";
import { digest } from "../../secrets/digest.ts";
import type { Caller } from "../caller.ts";
import type { EmailAddress } from "../identity/email-address.ts";
import type { Account } from "../identity/fields.ts";
import type { Terms } from "../identity/terms.ts";

/** `terms`: what was agreed to with it. */
export type NewSignUp = { email: EmailAddress; hashedPassword: string; caller: Caller; terms: Terms | undefined };

/** The account of an address, kept until a sign-up refers to it: deleting the account then deletes the sign-up. */
const FIND_ACCOUNT = "select id from :users: where email_key = :emailKey for key share";

const CREATE_ACCOUNT = `
  insert into :users: (email, email_key, hashed_password, language, unverified_expires_at)
  values (:email, :emailKey, :hashedPassword, :language, now() + make_interval(days => :unverifiedDays)) returning id`;

const ACCEPT = `, acceptance as (
      insert into :acceptances: (sign_up_id, url, version, ip, language)
      values ((select id from sign_up), :termsUrl, :termsVersion, :ip, :language)
    )`;

/**
 * The statement that writes a sign-up of an account with its email: it exists whole or not at all. As text, because to
 * build it anew for each sign-up costs as much as to send it.
 * @param account finds or creates the account. @param reservedId the account's id where this sign-up opens it, or the
 * one announced in discreet mode.
 */
function insertSignUp(account: string, reservedId: string) {
  const write = (acceptance: string) => `
    with account as (${account}), sign_up as (
      insert into :sign_ups: (user_id, reserved_id, email, email_key, hashed_password, device_hash, user_agent, language)
      values (
        (select id from account), ${reservedId}, :email, :emailKey, :hashedPassword, :deviceHash, :userAgent, :language
      )
      returning id, reserved_id
    )${acceptance}
    ${insertEmail({ key: "'sign-up ' || (select id from sign_up)", sign_up_id: "(select id from sign_up)", details: "cast(:details as jsonb)" })}
    returning (select reserved_id from sign_up) as id`;
  return { withTerms: write(ACCEPT), without: write("") };
}

const ADD_SIGN_UP = insertSignUp(FIND_ACCOUNT, "null");
// To wait for who has the account locked would tell that there is one. The worker refers the sign-up to it later.
const RESERVE_ACCOUNT = insertSignUp(
  `${FIND_ACCOUNT} skip locked`,
  "nextval(pg_get_serial_sequence(format('%I.users', cast(:schema as text)), 'id'))",
);
const OPEN_ACCOUNT = insertSignUp(CREATE_ACCOUNT, "(select id from account)");

/** @returns the reserved id, where there is one. */
async function write(
  db: Knex,
  statement: ReturnType<typeof insertSignUp>,
  { email, hashedPassword, caller, terms }: NewSignUp,
  settings: { unverifiedDays?: number } = {},
): Promise<number> {
  const schema = getSchema(db);
  const { rows }: { rows: [{ id: number }] } = await db.raw(terms ? statement.withTerms : statement.without, {
    ...settings,
    ...(terms && {
      acceptances: `${schema}.acceptances`,
      termsUrl: terms.url,
      termsVersion: terms.version,
      ip: caller.ip,
    }),
    schema,
    users: `${schema}.users`,
    sign_ups: `${schema}.sign_ups`,
    emails: `${schema}.emails`,
    email: email.email,
    emailKey: email.key,
    hashedPassword,
    deviceHash: digest(caller.newDeviceSecret),
    userAgent: caller.userAgent,
    language: caller.language,
    mailbox: email.mailbox,
    domain: email.domain,
    network: toSite(caller.ip),
    details: caller.returnTo === undefined ? null : JSON.stringify({ returnTo: caller.returnTo }),
  });
  return rows[0].id;
}

/** Stores a further sign-up for an address that has an account, with its email. */
export async function addSignUp(db: Knex, signUp: NewSignUp): Promise<void> {
  await write(db, ADD_SIGN_UP, signUp);
}

/** Stores a sign-up by the same work for every address. @returns the account that verifying it would create. */
export async function reserveAccount(db: Knex, signUp: NewSignUp): Promise<Account> {
  const id = await write(db, RESERVE_ACCOUNT, signUp);
  return { id, email: signUp.email.email };
}

type CreateDeps = { db: Knex; events: EventRecorder };

async function openAccount({ db, events }: CreateDeps, signUp: NewSignUp, unverifiedDays: number): Promise<Account> {
  const { email } = signUp.email;
  const open = async (handle: Knex) => ({ id: await write(handle, OPEN_ACCOUNT, signUp, { unverifiedDays }), email });
  if (!events.wants("account.created")) return open(db);
  return transaction(db, async (trx) => {
    const account = await open(trx);
    await events.record(trx, "account.created", { ...account, verified: false });
    return account;
  });
}

/** Creates an unverified account with its email, or undefined if the address has one: the unique index decides. */
export async function createUnverifiedAccount(
  deps: CreateDeps,
  signUp: NewSignUp,
  unverifiedDays: number,
): Promise<Account | undefined> {
  try {
    return await openAccount(deps, signUp, unverifiedDays);
  } catch (fault) {
    if (violatedUnique(fault) === User.emailKeyIsUnique) return undefined;
    throw fault;
  }
}
