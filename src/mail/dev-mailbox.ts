import type { Transport } from "../outbox/transport.ts";
import type { EmailMessage } from "./message.ts";

export type ShownEmail = EmailMessage & { number: number; sentAt: Date };

export type DevMailbox = { transport: Transport<EmailMessage>; emails(): readonly ShownEmail[] };

const MAX_KEPT = 100;

/** A transport that shows emails during development rather than sending them: the latest ones, in memory. */
export function createDevMailbox(): DevMailbox {
  const emails: ShownEmail[] = [];
  let count = 0;
  return {
    emails: () => emails,
    transport: {
      connections: Number.POSITIVE_INFINITY,
      check: async () => {},
      async send(message) {
        count += 1;
        emails.unshift({ ...message, number: count, sentAt: new Date() });
        emails.splice(MAX_KEPT);
      },
      close: () => {},
    },
  };
}
