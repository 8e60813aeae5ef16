import type { Knex } from "knex";
import { z } from "zod";
import type { EmailContent } from "../../mail/content.ts";
import type { OutboxEmail } from "../../models/outbox-email.ts";
import { User } from "../../models/user.ts";

const details = z.discriminatedUnion("step", [
  z.object({ step: z.literal("asked"), address: z.string(), deletesAt: z.iso.datetime() }),
  z.object({ step: z.literal("kept"), address: z.string() }),
]);

/** Decides what emails about a deletion say, as they are sent: that it comes, that it came, or that it does not. */
export function createBuildDeletionNotices(db: Knex) {
  return async (emails: readonly OutboxEmail[]): Promise<Map<number, EmailContent>> => {
    const ids = emails.flatMap(({ user_id }) => user_id ?? []);
    const users = await User.query(db).whereIn("id", ids).whereNotNull("deletes_at").select("id");
    const leaving = new Set(users.map(({ id }) => id));
    const contents = new Map<number, EmailContent>();
    for (const email of emails) {
      const { address: to, ...said } = details.parse(email.details);
      const isLeaving = email.user_id !== null && leaving.has(email.user_id);
      if (email.user_id === null) contents.set(email.id, { kind: "account-deleted", to });
      else if (said.step === "asked" && isLeaving)
        contents.set(email.id, { kind: "deletion-asked", to, deletesAt: new Date(said.deletesAt) });
      else if (said.step === "kept" && !isLeaving) contents.set(email.id, { kind: "account-kept", to });
    }
    return contents;
  };
}
