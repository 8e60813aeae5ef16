import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { OutboxEmail } from "../models/outbox-email.ts";
import { type Alarm, createAlarm } from "./alarm.ts";
import { createDelivery, type Deliver, type DeliveryParts } from "./delivery.ts";
import type { Outbox } from "./outbox.ts";
import type { Transport } from "./transport.ts";

export type WorkerSettings = {
  slowMs?: number;
};

export type Worker = {
  /** Says that an email waits, so that the worker does not sleep until its next poll. */
  notify(): void;
  /** Takes no more emails; what is being sent has a few seconds to be done. */
  stop(): Promise<void>;
};

/** Emails sent at a time, beside the slow ones: those may take minutes each, and hold up no others. */
export const CONCURRENCY = 4;
const SLOW_MS = 5000;
/** A lease is renewed several times, so that it outlasts a database that is down for most of it. */
const RENEWALS_PER_LEASE = 4;
const POLL_INTERVAL_MS = 1000;
const MAX_BACKOFF_MS = 60_000;
const STOP_TIMEOUT_MS = 4000;

function holdLease(outbox: Outbox, email: OutboxEmail) {
  const lost = new AbortController();
  const renew = async () => {
    // While the database is down nobody else can take it.
    if ((await outbox.renew(email).catch(() => undefined)) === 0) lost.abort();
  };
  const timer = setInterval(renew, (outbox.leaseSeconds * 1000) / RENEWALS_PER_LEASE).unref();
  return { lost: lost.signal, release: () => clearInterval(timer) };
}

type State = {
  serverUp: boolean;
  outboxUp: boolean;
  /** Only an email that the server took resets this: that it answers is not enough. */
  backoffMs: number;
};

async function waitForServer(state: State, transport: Transport, log: Logger, stopping: AbortSignal) {
  while (!state.serverUp && !stopping.aborted) {
    await pause(state.backoffMs, undefined, { signal: stopping, ref: false }).catch(() => {});
    state.backoffMs = Math.min(Math.max(state.backoffMs * 2, POLL_INTERVAL_MS), MAX_BACKOFF_MS);
    try {
      await transport.check();
      state.serverUp = true;
    } catch (error) {
      log.warn({ err: error }, "no email can be sent: the mail server does not answer, or refuses the login");
    }
  }
}

function createSlots(
  { outbox, transport, log }: DeliveryParts,
  deliver: Deliver,
  alarm: Alarm,
  state: State,
  slowMs: number,
) {
  const sending = new Set<Promise<void>>();
  const quick = new Set<Promise<void>>();
  const room = () => Math.min(CONCURRENCY - quick.size, transport.connections - sending.size);

  function release(delivery: Promise<void>, slots: readonly Set<Promise<void>>[]) {
    const wasFull = room() <= 0;
    for (const slot of slots) slot.delete(delivery);
    if (wasFull && room() > 0) alarm.wake();
  }

  function heard(server: "up" | "in_doubt") {
    if (server === "up") state.backoffMs = 0;
    else state.serverUp = false;
  }

  async function run(email: OutboxEmail, lost: AbortSignal, stopping: AbortSignal) {
    try {
      await deliver(email, { lost, stopping, heard });
    } catch (error) {
      log.error({ err: error, email: email.id }, "an email was left until its lease ends");
    }
  }

  return {
    room,
    finished: () => Promise.all(sending),
    start(email: OutboxEmail, stopping: AbortSignal) {
      const lease = holdLease(outbox, email);
      const slow = setTimeout(() => release(delivery, [quick]), slowMs).unref();
      const delivery = run(email, lease.lost, stopping).finally(() => {
        lease.release();
        clearTimeout(slow);
        release(delivery, [quick, sending]);
      });
      sending.add(delivery);
      quick.add(delivery);
    },
  };
}

/** Sends emails, at least once each, beside other workers. While no server answers, all wait and none is charged. */
export function startWorker(parts: DeliveryParts, { slowMs = SLOW_MS }: WorkerSettings = {}): Worker {
  const { outbox, transport, log } = parts;
  const stopping = new AbortController();
  const alarm = createAlarm();
  const state: State = { serverUp: false, outboxUp: true, backoffMs: 0 };
  const slots = createSlots(parts, createDelivery(parts), alarm, state, slowMs);

  async function poll() {
    const room = slots.room();
    try {
      const emails = room > 0 && !stopping.signal.aborted ? await outbox.take(room) : [];
      state.outboxUp = true;
      for (const email of emails) slots.start(email, stopping.signal);
      return emails.length < room || room <= 0;
    } catch (error) {
      if (state.outboxUp) log.warn({ err: error }, "the outbox cannot be read; emails wait");
      state.outboxUp = false;
      return true;
    }
  }

  async function run() {
    while (!stopping.signal.aborted) {
      await waitForServer(state, transport, log, stopping.signal);
      if (await poll()) await alarm.sleep(POLL_INTERVAL_MS);
    }
  }

  const running = run();
  return {
    notify: alarm.wake,
    async stop() {
      stopping.abort();
      alarm.wake();
      const ended = running.then(slots.finished);
      await Promise.race([ended, pause(STOP_TIMEOUT_MS, undefined, { ref: false })]);
      transport.close();
    },
  };
}
