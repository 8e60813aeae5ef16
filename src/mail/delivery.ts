import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { OutboxEmail } from "../models/outbox-email.ts";
import { backoffSeconds } from "../outbox/backoff.ts";
import type { Prepared } from "../outbox/channel.ts";
import { createDelivery as createAnyDelivery, type DeliveryContext, type DeliveryEvent } from "../outbox/delivery.ts";
import type { Transport } from "../outbox/transport.ts";
import type { EmailContent } from "./content.ts";
import type { EmailMessage } from "./message.ts";
import type { Outbox } from "./outbox.ts";
import type { Render } from "./render.ts";

export type EmailEvent = DeliveryEvent | "delayed";

/** What some emails say, by their numbers, without those that have nothing to say any more. */
export type Contents = ReadonlyMap<number, EmailContent>;

export type DeliveryParts = {
  outbox: Outbox;
  /** It decides what emails say when they are sent. */
  build: (emails: readonly OutboxEmail[]) => Promise<Contents>;
  render: Render;
  transport: Transport<EmailMessage>;
  log: Logger;
  observe: (event: EmailEvent) => void;
};

/** About three days. RFC 5321 section 4.5.4.1 asks a queue for four or five, but by then the link is of no use. */
const MAX_ATTEMPTS = 20;
/** When a slot counts as a slow one's. */
const LONGEST_NOTHING_MS = 5000;

/** Creates what sends emails that have been leased, and records what came of each. */
export function createDelivery({ outbox, build, render, transport, log, observe }: DeliveryParts) {
  const { deliver, wasSent } = createAnyDelivery({
    noun: "email",
    note: outbox.note,
    maxAttempts: MAX_ATTEMPTS,
    retrySeconds: ({ attempts }) => backoffSeconds(attempts),
    log,
    observe,
  });
  let lastSentMs = 0;

  async function transmit(message: EmailMessage, lost: AbortSignal) {
    const started = performance.now();
    await transport.send(message, lost);
    lastSentMs = performance.now() - started;
  }

  /** For as long as an email takes: when others of its network get its slot would tell whether there was one. */
  async function sendNothing({ stopping }: DeliveryContext) {
    await pause(Math.min(lastSentMs, LONGEST_NOTHING_MS), undefined, { signal: stopping }).catch(() => {});
    return "dropped" as const;
  }

  async function send(email: OutboxEmail, contents: Promise<Contents>, context: DeliveryContext) {
    const content = (await contents).get(email.id);
    if (!content) return sendNothing(context);
    await transmit(render(content, email), context.lost);
    return "sent" as const;
  }

  /** @returns for each email the function that sends it. It throws the database's faults. */
  return function prepare(emails: readonly OutboxEmail[]): Prepared<OutboxEmail>[] {
    // The lease of others ended before their sending could be recorded.
    const unsent = emails.filter((email) => !wasSent(email));
    if (unsent.length === 0) return [];
    const contents = build(unsent);
    // Each email that waits for it hears of a fault.
    contents.catch(() => {});
    return unsent.map((email) => ({
      job: email,
      deliver: (context) => deliver(email, (again) => send(email, contents, again), context),
    }));
  };
}
