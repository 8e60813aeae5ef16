import type { Knex } from "knex";
import type { EmailContent } from "../../mail/content.ts";
import type { OutboxEmail } from "../../models/outbox-email.ts";
import { User } from "../../models/user.ts";
import { isActive } from "../identity/account.ts";
import { NO_PASSWORD } from "../identity/password.ts";
import { addressee } from "../sessions/email-account.ts";
import type { ServiceSettings } from "../settings.ts";
import { readReturnTo } from "../verification/request-email.ts";
import { mintResetTokens } from "./tokens.ts";

async function accountsOf(db: Knex, emails: readonly OutboxEmail[]): Promise<Map<string, User>> {
  const keys = emails.map(({ email_key }) => email_key);
  const users = await User.query(db).whereIn("email_key", keys).whereRaw(isActive("users"));
  return new Map(users.map((user) => [user.email_key, user]));
}

/**
 * Decides what emails for forgotten passwords say, as they are sent: the link's time begins then. Whoever has no account is
 * sent nothing: a stranger asked.
 */
export function createBuildResetEmails(db: Knex, { resetMinutes }: Pick<ServiceSettings, "resetMinutes">) {
  return async (emails: readonly OutboxEmail[]): Promise<Map<number, EmailContent>> => {
    const accounts = await accountsOf(db, emails);
    const tokens = await mintResetTokens(db, [...accounts.values()], resetMinutes);
    const contents = new Map<number, EmailContent>();
    for (const { id, email_key, details } of emails) {
      const account = accounts.get(email_key);
      const token = account && tokens.get(account.id);
      if (!token) continue;
      const hasPassword = account.hashed_password !== NO_PASSWORD;
      const link = { token, returnTo: readReturnTo(details), validMinutes: resetMinutes };
      contents.set(id, { kind: "reset", to: account.email, language: account.language, ...link, hasPassword });
    }
    return contents;
  };
}

/** Says what emails about a changed password say. */
export function createBuildPasswordNotices(db: Knex) {
  return async (emails: readonly OutboxEmail[]): Promise<Map<number, EmailContent>> => {
    // Instances of the version before leave out where it goes.
    const accounts = await accountsOf(
      db,
      emails.filter((email) => email.details === null),
    );
    const contents = new Map<number, EmailContent>();
    for (const email of emails) {
      const account = accounts.get(email.email_key);
      const before = account && { address: account.email, language: account.language };
      const to = email.details === null ? before : addressee.parse(email.details);
      if (!to) continue;
      const { address, language } = to;
      contents.set(email.id, { kind: "password-changed", to: address, language, changedAt: email.created_at });
    }
    return contents;
  };
}
