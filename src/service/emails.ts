import type { Knex } from "knex";
import type { EmailContent } from "../mail/content.ts";
import type { EmailPurpose, OutboxEmail } from "../models/outbox-email.ts";
import { createBuildPasswordNotices, createBuildResetEmails } from "./password/email.ts";
import type { ServiceSettings } from "./settings.ts";
import { createBuildEmails as createBuildVerificationEmails } from "./verification/email.ts";

type Build = (emails: readonly OutboxEmail[]) => Promise<Map<number, EmailContent>>;

/** Decides what emails say, each by the feature that has them sent. @returns what they say, by their numbers. */
export function createBuildEmails(db: Knex, settings: ServiceSettings): Build {
  const builders: Record<EmailPurpose, Build> = {
    verify: createBuildVerificationEmails(db, settings),
    reset: createBuildResetEmails(db, settings),
    password_changed: createBuildPasswordNotices(db),
  };
  return async (emails) => {
    const purposes = new Set(emails.map(({ purpose }) => purpose));
    const built = await Promise.all(
      Array.from(purposes, (purpose) => builders[purpose](emails.filter((email) => email.purpose === purpose))),
    );
    return new Map(built.flatMap((contents) => [...contents]));
  };
}
