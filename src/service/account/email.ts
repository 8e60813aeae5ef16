import type { Knex } from "knex";
import { raw } from "objection";
import { z } from "zod";
import type { EmailContent } from "../../mail/content.ts";
import type { OutboxEmail } from "../../models/outbox-email.ts";
import { User } from "../../models/user.ts";
import { addressee } from "../sessions/email-account.ts";

const details = addressee.extend({ step: z.enum(["asked", "kept"]) });

/** An account that is to be deleted. Once its time has come nobody can keep it, though the purge may be yet to come. */
type Leaving = { id: number; deletes_at: Date; is_late: boolean };

async function findLeaving(db: Knex, emails: readonly OutboxEmail[]): Promise<Map<number, Leaving>> {
  const ids = emails.flatMap(({ user_id }) => user_id ?? []);
  const found = await User.query(db)
    .whereIn("id", ids)
    .whereNotNull("deletes_at")
    .select("id", "deletes_at", raw("deletes_at <= now()").as("is_late"))
    .castTo<Leaving[]>();
  return new Map(found.map((user) => [user.id, user]));
}

/** Decides what emails about a deletion say, as they are sent: that it comes, that it came, or that it does not. */
export function createBuildDeletionNotices(db: Knex) {
  return async (emails: readonly OutboxEmail[]): Promise<Map<number, EmailContent>> => {
    const allLeaving = await findLeaving(db, emails);
    const contents = new Map<number, EmailContent>();
    for (const email of emails) {
      const { address: to, language, step } = details.parse(email.details);
      const leaving = email.user_id === null ? undefined : allLeaving.get(email.user_id);
      if (email.user_id === null || (step === "asked" && leaving?.is_late))
        contents.set(email.id, { kind: "account-deleted", to, language });
      else if (step === "asked" && leaving)
        contents.set(email.id, { kind: "deletion-asked", to, language, deletesAt: leaving.deletes_at });
      else if (step === "kept" && !leaving) contents.set(email.id, { kind: "account-kept", to, language });
    }
    return contents;
  };
}
