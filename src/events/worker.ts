import type { Knex } from "knex";
import type { Logger } from "pino";
import type { EventConsumer, EventType, OutboxEvent } from "../models/outbox-event.ts";
import { backoffSeconds } from "../outbox/backoff.ts";
import type { Channel, Prepared } from "../outbox/channel.ts";
import { createDelivery, type DeliveryEvent } from "../outbox/delivery.ts";
import type { Job } from "../outbox/job.ts";
import { LEASE_SECONDS } from "../outbox/leases.ts";
import type { NotSent } from "../outbox/not-sent.ts";
import { createNotes } from "../outbox/note.ts";
import { createRenew } from "../outbox/renew.ts";
import { countRoom } from "../outbox/slots.ts";
import type { Transport } from "../outbox/transport.ts";
import { startWorker, type Worker, type WorkerSettings } from "../outbox/worker.ts";
import { type ToldEvent, toTold } from "./event.ts";
import { putOff } from "./put-off.ts";
import { take } from "./take.ts";

/** Events told at a time, beside the slow ones. */
export const CONCURRENCY = 8;
/** While the receiver is down it is not the event's fault: so much later another try may find it up. */
const MAX_DOWN_SECONDS = 600;
/** A take that lasts longer passed by thousands that only wait for another of their account. */
const SLOW_TAKE_MS = 100;

const WORDS = {
  noun: "event",
  serverDown: "no event can be told",
  outboxDown: "the outbox cannot be read; events wait",
} as const;

export type EventWorkerParts = {
  db: Knex;
  consumer: EventConsumer;
  /** What can be told at this moment. */
  types: () => readonly EventType[];
  transport: Transport<ToldEvent>;
  /** Whether it may be down as a whole, so that one event is enough to find out. */
  mayBeDown: boolean;
  log: Logger;
  observe: (event: DeliveryEvent) => void;
};

function retrySeconds({ attempts, lease_version }: Job, { reason, retryAfterSeconds }: NotSent) {
  const isDown = reason === "server_down" || reason === "connection_lost";
  // Each lease was one more try, though none is charged.
  const seconds = isDown ? Math.min(backoffSeconds(lease_version - 1), MAX_DOWN_SECONDS) : backoffSeconds(attempts);
  return Math.max(seconds, retryAfterSeconds);
}

/**
 * Tells a consumer of events, at least once each and those of one account in order, beside other workers. While it is down
 * one at a time tries whether it is up again.
 */
export function startEventWorker(parts: EventWorkerParts, settings?: WorkerSettings): Worker {
  const { db, consumer, types, transport, mayBeDown, log, observe } = parts;
  const slots = { quick: CONCURRENCY, all: transport.connections };
  const { deliver, wasSent } = createDelivery({
    noun: "event",
    note: createNotes(db, "events"),
    // Time alone counts: `take` sees to that.
    maxAttempts: Number.POSITIVE_INFINITY,
    retrySeconds,
    log,
    observe,
  });
  const prepare = (event: OutboxEvent): Prepared<OutboxEvent> => ({
    job: event,
    deliver: (context) =>
      deliver(
        event,
        async ({ lost }) => {
          await transport.send(toTold(event), lost);
          return "sent";
        },
        context,
      ),
  });
  let wasSlow = false;
  const takeRoom = async (room: number) => {
    const settings = { consumer, types: types(), leaseSeconds: LEASE_SECONDS };
    if (wasSlow) await putOff(db, settings);
    const began = performance.now();
    try {
      return await take(db, { ...settings, room });
    } finally {
      wasSlow = performance.now() - began > SLOW_TAKE_MS;
    }
  };
  const channel: Channel<OutboxEvent> = {
    words: WORDS,
    server: transport,
    leaseSeconds: LEASE_SECONDS,
    renew: createRenew(db, "events", LEASE_SECONDS),
    room: (sending, inDoubt) => (inDoubt && mayBeDown ? Number(sending.length === 0) : countRoom(slots, sending)),
    isFull: (sending) => countRoom(slots, sending) === 0,
    isInOrder: true,
    async take(sending, inDoubt) {
      const room = channel.room(sending, inDoubt);
      const { events, late } = await takeRoom(room);
      for (const { id, type } of late) {
        observe("given_up");
        log.warn({ event: id, type }, "an event was given up: its time is over");
      }
      return {
        prepared: events.filter((event) => !wasSent(event)).map(prepare),
        leased: events.length,
        others: late.length,
      };
    },
  };
  return startWorker(channel, log, settings);
}
