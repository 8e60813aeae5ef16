import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import { type Alarm, createAlarm } from "./alarm.ts";
import { createDelivery, type DeliveryParts, type Prepared } from "./delivery.ts";
import { holdLeases, type Leases } from "./leases.ts";
import { createPace } from "./pace.ts";
import { countRoom, listFull, type Sending } from "./slots.ts";
import type { Transport } from "./transport.ts";

export type WorkerSettings = {
  /** How often it looks for emails of which nobody told it. */
  pollMs?: number;
  /** After how long an email takes none of the quick ones' slots any more. */
  slowMs?: number;
};

export type Worker = {
  /** Says that an email waits, so that the worker does not sleep until its next poll. */
  notify(): void;
  /** Takes no more emails; what is being sent has a few seconds to be done. */
  stop(): Promise<void>;
};

/** Emails sent at a time, beside the slow ones: those may take minutes each, and hold up no others. */
export const CONCURRENCY = 8;
const SLOW_MS = 5000;
const POLL_INTERVAL_MS = 1000;
const MAX_BACKOFF_MS = 60_000;
const STOP_TIMEOUT_MS = 4000;

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

type Running = Sending & { ended: Promise<void> };

function createSenders({ transport, log }: DeliveryParts, leases: Leases, alarm: Alarm, state: State, slowMs: number) {
  const slots = { quick: CONCURRENCY, all: transport.connections };
  const running = new Set<Running>();
  const sending = () => [...running];
  const room = () => countRoom(slots, sending());

  function heard(server: "up" | "in_doubt") {
    if (server === "up") state.backoffMs = 0;
    else state.serverUp = false;
  }

  /** Whether emails may wait for a slot, or for their share of them. */
  function isFull() {
    const { networks, domains } = listFull(slots, sending());
    return networks.length + domains.length > 0;
  }

  function makeRoom(change: () => void) {
    const wasFull = isFull();
    change();
    if (wasFull) alarm.wake();
  }

  async function send({ email, deliver }: Prepared, stopping: AbortSignal) {
    const { lost, release } = leases.hold(email);
    try {
      await deliver({ lost, stopping, heard });
    } catch (error) {
      log.error({ err: error, email: email.id }, "an email was left until its lease ends");
    } finally {
      release();
    }
  }

  return {
    slots,
    sending,
    room,
    isFull,
    finished: () => Promise.all(sending().map(({ ended }) => ended)),
    start(prepared: Prepared, stopping: AbortSignal) {
      const { network, domain } = prepared.email;
      const one: Running = { network, domain, isQuick: true, ended: Promise.resolve() };
      const slow = setTimeout(() => makeRoom(() => Object.assign(one, { isQuick: false })), slowMs).unref();
      one.ended = send(prepared, stopping).finally(() => {
        clearTimeout(slow);
        makeRoom(() => running.delete(one));
      });
      running.add(one);
    },
  };
}

/** Sends emails, at least once each, beside other workers. While no server answers, all wait and none is charged. */
export function startWorker(
  parts: DeliveryParts,
  { slowMs = SLOW_MS, pollMs = POLL_INTERVAL_MS }: WorkerSettings = {},
): Worker {
  const { outbox, transport, log, observe } = parts;
  const stopping = new AbortController();
  const alarm = createAlarm();
  const state: State = { serverUp: false, outboxUp: true, backoffMs: 0 };
  const leases = holdLeases(outbox);
  const pace = createPace();
  const prepare = createDelivery(parts);
  const senders = createSenders(parts, leases, alarm, state, slowMs);

  async function takeAndSend() {
    const { emails, delayed, dropped } = await outbox.take({ slots: senders.slots, sending: senders.sending() });
    for (let n = 0; n < delayed; n += 1) observe("delayed");
    for (let n = 0; n < dropped; n += 1) observe("dropped");
    for (const prepared of prepare(emails)) senders.start(prepared, stopping.signal);
    if (emails.length > 0 && !senders.isFull()) pace.count();
    return delayed + dropped;
  }

  /** @returns whether there is nothing more to do now. */
  async function poll() {
    if (senders.room() <= 0 || stopping.signal.aborted) return true;
    try {
      const heldBack = await takeAndSend();
      state.outboxUp = true;
      return heldBack === 0 || senders.room() <= 0;
    } catch (error) {
      if (state.outboxUp) log.warn({ err: error }, "the outbox cannot be read; emails wait");
      state.outboxUp = false;
      return true;
    }
  }

  async function run() {
    while (!stopping.signal.aborted) {
      await waitForServer(state, transport, log, stopping.signal);
      if (await poll()) await alarm.sleep(pollMs);
      await pause(pace.waitMs(), undefined, { signal: stopping.signal, ref: false }).catch(() => {});
    }
  }

  const running = run();
  return {
    notify: alarm.wake,
    async stop() {
      stopping.abort();
      alarm.wake();
      const ended = running.then(senders.finished);
      await Promise.race([ended, pause(STOP_TIMEOUT_MS, undefined, { ref: false })]);
      leases.stop();
      transport.close();
    },
  };
}
