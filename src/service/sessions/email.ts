import { z } from "zod";
import type { EmailContent } from "../../mail/content.ts";
import type { OutboxEmail } from "../../models/outbox-email.ts";
import { describeDevice } from "../identity/device.ts";
import { addressee } from "./email-account.ts";

const details = addressee.extend({ userAgent: z.string() });

/** Says what emails about a sign-in in a new browser say: of the browser only names that are known, for a stranger wrote it. */
export async function buildSignInNotices(emails: readonly OutboxEmail[]): Promise<Map<number, EmailContent>> {
  return new Map(
    emails.map((email) => {
      const { address: to, language, userAgent } = details.parse(email.details);
      const device = describeDevice(userAgent);
      return [email.id, { kind: "new-sign-in", to, language, signedInAt: email.created_at, device }];
    }),
  );
}
