import type { Knex } from "knex";
import { z } from "zod";
import type { EmailContent } from "../../mail/content.ts";
import { EmailChange } from "../../models/email-change.ts";
import type { OutboxEmail } from "../../models/outbox-email.ts";
import { User } from "../../models/user.ts";
import { isOwned } from "../identity/account.ts";
import { addressee } from "../sessions/email-account.ts";
import type { ServiceSettings } from "../settings.ts";
import { mintTokens, UNDO_HOURS } from "./tokens.ts";

const details = addressee.extend({ changeId: z.number(), step: z.literal("undone").optional() });

function languagesOf(emails: readonly OutboxEmail[]): Map<number, string | null> {
  return new Map(emails.map((email) => [email.id, details.parse(email.details).language]));
}

/** What emails are about, by their numbers. */
async function changesOf(db: Knex, emails: readonly OutboxEmail[]): Promise<Map<number, EmailChange>> {
  const ids = new Map(emails.map((email) => [email.id, details.parse(email.details).changeId]));
  const changes = await EmailChange.query(db).whereIn("id", [...ids.values()]);
  const byId = new Map(changes.map((change) => [change.id, change]));
  return new Map(
    [...ids].flatMap(([email, id]) => {
      const change = byId.get(id);
      return change ? [[email, change] as const] : [];
    }),
  );
}

/** Those whose address a change asks for. Whoever only signed up there will give way. */
async function findOwners(db: Knex, changes: readonly EmailChange[]): Promise<Map<number, User>> {
  const keys = changes.map(({ new_email_key }) => new_email_key);
  const owners = new Map(
    (await User.query(db).whereIn("email_key", keys)).filter(isOwned).map((user) => [user.email_key, user]),
  );
  return new Map(
    changes.flatMap(({ id, user_id, new_email_key }) => {
      const owner = owners.get(new_email_key);
      return owner && owner.id !== user_id ? [[id, owner] as const] : [];
    }),
  );
}

/** Decides what the mailbox of a new address is told, as it is sent: the link's time begins then. */
export function createBuildEmailChanges(db: Knex, { verificationHours }: Pick<ServiceSettings, "verificationHours">) {
  return async (emails: readonly OutboxEmail[]): Promise<Map<number, EmailContent>> => {
    const changes = await changesOf(db, emails);
    const open = [...changes.values()].filter(({ outcome }) => outcome === null);
    const owners = await findOwners(db, open);
    const free = open.filter(({ id }) => !owners.has(id));
    const tokens = await mintTokens(db, "confirm", free, verificationHours);
    const contents = new Map<number, EmailContent>();
    const languages = languagesOf(emails);
    for (const [email, { id, new_email: to }] of changes) {
      const token = tokens.get(id);
      const language = languages.get(email) ?? null;
      if (token !== undefined)
        contents.set(email, { kind: "email-change", to, language, token, validHours: verificationHours });
      const owner = owners.get(id);
      if (owner) contents.set(email, { kind: "already-registered", to: owner.email, language: owner.language });
    }
    return contents;
  };
}

/**
 * Decides what the mailbox that may lose an account is told. That of the address before: of a change that was asked for, or
 * made meanwhile, and how to undo it. That of the new one: that this was done.
 */
export function createBuildEmailChangeNotices(db: Knex) {
  return async (emails: readonly OutboxEmail[]): Promise<Map<number, EmailContent>> => {
    const contents = new Map<number, EmailContent>();
    const isUndone = (email: OutboxEmail) => details.parse(email.details).step === "undone";
    for (const email of emails.filter(isUndone)) {
      const { address: to, language } = details.parse(email.details);
      contents.set(email.id, { kind: "email-change-undone", to, language, undoneAt: email.created_at });
    }
    const changes = await changesOf(
      db,
      emails.filter((email) => !isUndone(email)),
    );
    const live = [...changes.values()].filter(({ outcome }) => outcome === null || outcome === "done");
    const tokens = await mintTokens(db, "undo", live, UNDO_HOURS);
    const languages = languagesOf(emails);
    for (const [email, { id, old_email: to, created_at: askedAt, changed_at: changedAt }] of changes) {
      const token = tokens.get(id);
      if (token === undefined) continue;
      const notice = changedAt
        ? ({ kind: "email-changed", changedAt } as const)
        : ({ kind: "email-change-asked", askedAt } as const);
      contents.set(email, { ...notice, to, language: languages.get(email) ?? null, token });
    }
    return contents;
  };
}
