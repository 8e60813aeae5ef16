import { z } from "zod";
import type { EmailContent } from "../../mail/content.ts";
import type { OutboxEmail } from "../../models/outbox-email.ts";
import { describeDevice } from "../identity/device.ts";

const details = z.object({ address: z.string(), userAgent: z.string() });

/** Says what emails about a sign-in in a new browser say: of the browser only names that are known, for a stranger wrote it. */
export async function buildSignInNotices(emails: readonly OutboxEmail[]): Promise<Map<number, EmailContent>> {
  return new Map(
    emails.map((email) => {
      const { address: to, userAgent } = details.parse(email.details);
      return [email.id, { kind: "new-sign-in", to, signedInAt: email.created_at, device: describeDevice(userAgent) }];
    }),
  );
}
