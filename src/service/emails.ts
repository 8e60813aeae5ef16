import type { Knex } from "knex";
import type { EmailContent } from "../mail/content.ts";
import type { EmailPurpose, OutboxEmail } from "../models/outbox-email.ts";
import { createBuildDeletionNotices } from "./account/email.ts";
import { createBuildEmailChangeNotices, createBuildEmailChanges } from "./email-change/email.ts";
import { createBuildPasswordNotices, createBuildResetEmails } from "./password/email.ts";
import { buildSignInNotices } from "./sessions/email.ts";
import type { ServiceSettings } from "./settings.ts";
import { createBuildEmails as createBuildVerificationEmails } from "./verification/email.ts";

type Build = (emails: readonly OutboxEmail[]) => Promise<Map<number, EmailContent>>;

/** Decides what emails say, each by the feature that has them sent. @returns what they say, by their numbers. */
export function createBuildEmails(db: Knex, settings: ServiceSettings): Build {
  const builders: Record<EmailPurpose, Build> = {
    verify: createBuildVerificationEmails(db, settings),
    reset: createBuildResetEmails(db, settings),
    password_changed: createBuildPasswordNotices(db),
    email_change: createBuildEmailChanges(db, settings),
    email_change_notice: createBuildEmailChangeNotices(db),
    deletion: createBuildDeletionNotices(db),
    new_sign_in: buildSignInNotices,
  };
  return async (emails) => {
    const purposes = new Set(emails.map(({ purpose }) => purpose));
    const built = await Promise.all(
      Array.from(purposes, (purpose) => builders[purpose](emails.filter((email) => email.purpose === purpose))),
    );
    return new Map(built.flatMap((contents) => [...contents]));
  };
}
