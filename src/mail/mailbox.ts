import type { Message } from "./message.ts";
import type { Transport } from "./transport.ts";

export type ShownMail = Message & { number: number; sentAt: Date };

/** Mails shown rather than sent, while developing: the latest since the start, in memory. */
export type Mailbox = { transport: Transport; mails(): readonly ShownMail[] };

const KEPT = 100;

export function createMailbox(): Mailbox {
  const shown: ShownMail[] = [];
  let count = 0;
  return {
    mails: () => shown,
    transport: {
      connections: Number.POSITIVE_INFINITY,
      check: async () => {},
      async send(message) {
        count += 1;
        shown.unshift({ ...message, number: count, sentAt: new Date() });
        shown.splice(KEPT);
      },
      close: () => {},
    },
  };
}
