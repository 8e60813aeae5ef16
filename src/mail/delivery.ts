import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { OutboxEmail } from "../models/outbox-email.ts";
import type { EmailContent } from "./content.ts";
import type { EmailMessage } from "./message.ts";
import type { Outbox } from "./outbox.ts";
import type { Render } from "./render.ts";
import { NotSent, type Transport } from "./transport.ts";

export type EmailEvent = "sent" | "retried" | "given_up" | "dropped" | "delayed";

/** What some emails say, by their numbers, without those that have nothing to say any more. */
export type Contents = ReadonlyMap<number, EmailContent>;

export type DeliveryParts = {
  outbox: Outbox;
  /** It decides what emails say when they are sent. */
  build: (emails: readonly OutboxEmail[]) => Promise<Contents>;
  render: Render;
  transport: Transport;
  log: Logger;
  observe: (event: EmailEvent) => void;
};

export type DeliveryContext = {
  lost: AbortSignal;
  stopping: AbortSignal;
  /** It hears at once that the mail server took an email or may be down, for the database may be down too. */
  heard: (server: "up" | "in_doubt") => void;
};

const INITIAL_BACKOFF_SECONDS = 30;
const MAX_BACKOFF_SECONDS = 6 * 60 * 60;
/** About three days. RFC 5321 section 4.5.4.1 asks a queue for four or five, but by then the link is of no use. */
const MAX_ATTEMPTS = 20;
const RECORD_RETRY_MS = 1000;
/** When a slot counts as a slow one's. */
const LONGEST_NOTHING_MS = 5000;

function backoffSeconds(attempts: number) {
  return Math.min(MAX_BACKOFF_SECONDS, INITIAL_BACKOFF_SECONDS * 2 ** attempts) * (1 + Math.random() / 4);
}

async function recordFailure(
  { outbox, log, observe }: DeliveryParts,
  email: OutboxEmail,
  { reason, message: response }: NotSent,
) {
  const attempts = email.attempts + (reason === "server_down" ? 0 : 1);
  const givesUp = reason === "permanent" || attempts >= MAX_ATTEMPTS;
  const seconds = backoffSeconds(email.attempts);
  const recorded = await outbox.note(
    givesUp ? { email, outcome: "given_up", response } : { email, outcome: "retry", response, seconds, attempts },
  );
  if (!recorded)
    return log.warn({ email: email.id, reason }, "an email was taken by another instance while it was being sent");
  observe(givesUp ? "given_up" : "retried");
  log.warn({ email: email.id, attempts, reason }, givesUp ? "an email was given up" : "an email will be tried again");
}

/** The database may be down just now. An email that is not recorded as sent would be sent again when it is back. */
async function recordSent({ outbox, observe }: DeliveryParts, email: OutboxEmail, stopping: AbortSignal) {
  for (;;) {
    try {
      if (await outbox.note({ email, outcome: "sent" })) observe("sent");
      return;
    } catch (error) {
      if (stopping.aborted) throw error;
      await pause(RECORD_RETRY_MS);
    }
  }
}

/** Sends emails that have been leased, and records what came of each. */
export function createDelivery(parts: DeliveryParts) {
  const { outbox, build, render, transport, log, observe } = parts;
  const sentUnrecorded = new Set<number>();
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
    try {
      const content = (await contents).get(email.id);
      if (!content) return await sendNothing(context);
      await transmit(render(content, email), context.lost);
      sentUnrecorded.add(email.id);
      return "sent";
    } catch (error) {
      if (error instanceof NotSent) return error;
      log.error({ err: error, email: email.id }, "an email could not be written");
      return new NotSent("transient", "It could not be written.");
    }
  }

  async function deliver(email: OutboxEmail, contents: Promise<Contents>, context: DeliveryContext) {
    const { stopping, heard } = context;
    const outcome = await send(email, contents, context);
    if (outcome === "dropped") {
      if (await outbox.note({ email, outcome })) observe(outcome);
      return;
    }
    if (outcome === "sent") {
      heard("up");
      await recordSent(parts, email, stopping);
      sentUnrecorded.delete(email.id);
      return;
    }
    if (outcome.reason === "server_down" || outcome.reason === "connection_lost") heard("in_doubt");
    await recordFailure(parts, email, outcome);
  }

  /** @returns for each email the function that sends it. It throws the database's faults. */
  return function prepare(emails: readonly OutboxEmail[]) {
    // The lease of others ended before their sending could be recorded.
    const unsent = emails.filter(({ id }) => !sentUnrecorded.has(id));
    if (unsent.length === 0) return [];
    const contents = build(unsent);
    // Each email that waits for it hears of a fault.
    contents.catch(() => {});
    return unsent.map((email) => ({
      email,
      deliver: (context: DeliveryContext) => deliver(email, contents, context),
    }));
  };
}

export type Prepared = ReturnType<ReturnType<typeof createDelivery>>[number];
