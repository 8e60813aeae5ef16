import type { OutboxEmail } from "../models/outbox-email.ts";
import type { Channel, Sending } from "../outbox/channel.ts";
import { countRoom } from "../outbox/slots.ts";
import { startWorker as startAnyWorker, type Worker, type WorkerSettings } from "../outbox/worker.ts";
import { createDelivery, type DeliveryParts } from "./delivery.ts";
import { listFull } from "./slots.ts";

/** Emails sent at a time, beside the slow ones: those may take minutes each, and hold up no others. */
export const CONCURRENCY = 8;

const WORDS = {
  noun: "email",
  serverDown: "no email can be sent: the mail server does not answer, or refuses the login",
  outboxDown: "the outbox cannot be read; emails wait",
} as const;

function ofParties(sending: readonly Sending<OutboxEmail>[]) {
  return sending.map(({ job: { network, domain }, isQuick }) => ({ network, domain, isQuick }));
}

/** Sends emails, at least once each, beside other workers. While no server answers, all wait and none is charged. */
export function startWorker(parts: DeliveryParts, settings: WorkerSettings = {}): Worker {
  const { outbox, transport, log, observe } = parts;
  const prepare = createDelivery(parts);
  const slots = { quick: CONCURRENCY, all: transport.connections };
  const channel: Channel<OutboxEmail> = {
    words: WORDS,
    server: transport,
    leaseSeconds: outbox.leaseSeconds,
    renew: outbox.renew,
    room: (sending) => countRoom(slots, sending),
    isFull(sending) {
      const { networks, domains } = listFull(slots, ofParties(sending));
      return networks.length + domains.length > 0;
    },
    isInOrder: false,
    async take(sending) {
      const { emails, delayed, dropped } = await outbox.take({ slots, sending: ofParties(sending) });
      for (let n = 0; n < delayed; n += 1) observe("delayed");
      for (let n = 0; n < dropped; n += 1) observe("dropped");
      return { prepared: prepare(emails), leased: emails.length, others: delayed + dropped };
    },
  };
  return startAnyWorker(channel, log, settings);
}
