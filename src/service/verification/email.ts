import type { Knex } from "knex";
import { getSchema } from "../../db/schema.ts";
import { transaction } from "../../db/transaction.ts";
import type { EmailContent } from "../../mail/content.ts";
import type { OutboxEmail } from "../../models/outbox-email.ts";
import { SignUp } from "../../models/sign-up.ts";
import { User } from "../../models/user.ts";
import { isOwned } from "../identity/account.ts";
import { describeDevice } from "../identity/device.ts";
import type { ServiceSettings } from "../settings.ts";
import { readReturnTo } from "./request-email.ts";
import { mintTokens } from "./tokens.ts";

/** What an email is about: the sign-up that it names, the account of its address, and the address's open sign-ups. */
type Subject = { id: number; signUp: SignUp | undefined; account: User | undefined; openSignUps: number };

const SIGN_UP = ["id", "email", "email_key", "user_id", "user_agent", "language", "outcome", "created_at"] as const;
const ACCOUNT = [
  "id",
  "email",
  "email_key",
  "hashed_password",
  "language",
  "email_verified_at",
  "unverified_expires_at",
] as const;

function named(table: string, columns: readonly string[]) {
  return columns.map((column) => `${table}.${column} as "${table}.${column}"`).join(", ");
}

/** It counts no more than two open sign-ups: they are enough to warn of. */
const READ_SUBJECTS = `
  select email.id, ${named("sign_up", SIGN_UP)}, ${named("account", ACCOUNT)}, (
    select count(*) from (
      select from :sign_ups: where email_key = email.email_key and outcome is null and hashed_password is not null limit 2
    ) open
  ) as open_sign_ups
  from :emails: email
  left join :sign_ups: sign_up on sign_up.id = email.sign_up_id
  left join :users: account on account.email_key = email.email_key
  where email.id = any(cast(:ids as bigint[]))`;

type Row = { id: number; open_sign_ups: number } & Record<string, unknown>;

/** Takes the columns of one table from a row of several. */
function columnsOf(row: Row, table: string, columns: readonly string[]) {
  const found = columns.map((column) => [column, row[`${table}.${column}`]] as const);
  return found.some(([, value]) => value !== null) ? Object.fromEntries(found) : undefined;
}

async function readSubjects(db: Knex, emails: readonly OutboxEmail[]): Promise<Subject[]> {
  const schema = getSchema(db);
  const { rows }: { rows: Row[] } = await db.raw(READ_SUBJECTS, {
    emails: `${schema}.emails`,
    sign_ups: `${schema}.sign_ups`,
    users: `${schema}.users`,
    ids: emails.map(({ id }) => id),
  });
  return rows.map((row) => {
    const [signUp, account] = [columnsOf(row, "sign_up", SIGN_UP), columnsOf(row, "account", ACCOUNT)];
    return {
      id: row.id,
      signUp: signUp && SignUp.fromDatabaseJson(signUp),
      account: account && User.fromDatabaseJson(account),
      openSignUps: row.open_sign_ups,
    };
  });
}

/** An account that was never to be verified has no sign-up. It is given one, with the password that it has. */
async function findOrAddSignUp(db: Knex, subject: Subject & { account: User }): Promise<Subject> {
  const { id: user_id, email, email_key, hashed_password, language } = subject.account;
  return transaction(db, async (trx) => {
    // Of two workers one makes it.
    await User.query(trx).findById(user_id).forUpdate();
    const known = await SignUp.query(trx).findOne({ user_id, hashed_password }).whereNull("outcome");
    if (known) return { ...subject, signUp: known };
    const signUp = await SignUp.query(trx)
      .insert({ user_id, email, email_key, hashed_password, language })
      .returning("*");
    return { ...subject, signUp, openSignUps: subject.openSignUps + 1 };
  });
}

/** Reads what emails are about, without those whose sign-up is verified: there is nothing left to say. */
async function findSubjects(db: Knex, emails: readonly OutboxEmail[]): Promise<Subject[]> {
  const subjects = (await readSubjects(db, emails)).filter(({ signUp }) => signUp?.outcome !== "verified");
  const found = subjects.map(({ account, ...subject }) =>
    account && isOwned(account) && !account.email_verified_at
      ? findOrAddSignUp(db, { ...subject, account })
      : { ...subject, account },
  );
  return Promise.all(found);
}

/** Refers sign-ups to accounts that were made after them. @param change what else becomes of them. */
async function referToAccounts(db: Knex, subjects: readonly Subject[], change: { hashed_password?: null }) {
  const ids = subjects.flatMap(({ signUp }) => signUp?.id ?? []);
  if (ids.length === 0) return;
  const user_id = User.query(db).whereColumn("users.email_key", "sign_ups.email_key").select("id");
  await SignUp.query(db)
    .whereIn("id", ids)
    .patch({ ...change, user_id });
}

/** Decides what emails say only as they are sent: a link's time begins then, and no token waits in the outbox. */
export function createBuildEmails(db: Knex, { verificationHours }: Pick<ServiceSettings, "verificationHours">) {
  return async function buildEmails(emails: readonly OutboxEmail[]): Promise<Map<number, EmailContent>> {
    const subjects = await findSubjects(db, emails);
    const registered = subjects.filter(({ account }) => account?.email_verified_at);
    // Drop the unused hash. Keep the rest, so that code attempts behave alike.
    await referToAccounts(db, registered, { hashed_password: null });
    const unverified = subjects.filter((subject) => !registered.includes(subject));
    const earlier = unverified.filter(({ account, signUp }) => account && signUp?.user_id === null);
    await referToAccounts(db, earlier, {});
    const minted = await mintTokens(
      db,
      unverified.flatMap(({ signUp }) => signUp?.id ?? []),
      verificationHours,
    );
    const contents = new Map<number, EmailContent>();
    for (const { id, account } of registered) {
      if (account) contents.set(id, { kind: "already-registered", to: account.email, language: account.language });
    }
    const details = new Map(emails.map((email) => [email.id, email.details]));
    for (const { id, signUp, openSignUps } of unverified) {
      const secrets = signUp && minted.get(signUp.id);
      if (!secrets) continue;
      contents.set(id, {
        kind: "verify",
        to: signUp.email,
        language: signUp.language,
        returnTo: readReturnTo(details.get(id)),
        signedUpAt: signUp.created_at,
        device: describeDevice(signUp.user_agent),
        validHours: verificationHours,
        hasCompetingSignUps: openSignUps > 1,
        ...secrets,
      });
    }
    return contents;
  };
}

/** Whether the worker may start at once. In discreet mode, the time it takes would tell which addresses are known. */
export function mayWakeWorker({ privacy }: Pick<ServiceSettings, "privacy">): boolean {
  return privacy === "open";
}
