import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import { createAlarm } from "./alarm.ts";
import type { Channel } from "./channel.ts";
import type { Job } from "./job.ts";
import { holdLeases } from "./leases.ts";
import { createPace } from "./pace.ts";
import { createSenders } from "./senders.ts";

export type WorkerSettings = {
  /** How often it looks for what nobody told it of. */
  pollMs?: number;
  /** After how long one takes none of the quick ones' slots any more. */
  slowMs?: number;
};

export type Worker = {
  /** Says that something waits, so that the worker does not sleep until its next poll. */
  notify(): void;
  /** Takes no more; what is being sent has a few seconds to be done. */
  stop(): Promise<void>;
};

const SLOW_MS = 5000;
const POLL_INTERVAL_MS = 1000;
const MAX_BACKOFF_MS = 60_000;
const STOP_TIMEOUT_MS = 4000;

type State = {
  serverUp: boolean;
  outboxUp: boolean;
  /** Only what the other side took resets this: that it answers is not enough. */
  backoffMs: number;
};

async function waitForServer<J extends Job>(state: State, channel: Channel<J>, log: Logger, stopping: AbortSignal) {
  while (!state.serverUp && !stopping.aborted) {
    await pause(state.backoffMs, undefined, { signal: stopping, ref: false }).catch(() => {});
    state.backoffMs = Math.min(Math.max(state.backoffMs * 2, POLL_INTERVAL_MS), MAX_BACKOFF_MS);
    try {
      await channel.server.check();
      state.serverUp = true;
    } catch (error) {
      log.warn({ err: error }, channel.words.serverDown);
    }
  }
}

// Of PostgreSQL's job queues, none kept up for this Node runs on one connection, as the embedded database has.
/** Sends what waits, at least once each, beside other workers. While the other side is down all wait, and none is charged. */
export function startWorker<J extends Job>(
  channel: Channel<J>,
  log: Logger,
  { slowMs = SLOW_MS, pollMs = POLL_INTERVAL_MS }: WorkerSettings = {},
): Worker {
  const stopping = new AbortController();
  const alarm = createAlarm();
  const state: State = { serverUp: false, outboxUp: true, backoffMs: 0 };
  const leases = holdLeases(channel);
  const pace = createPace(pollMs / 2);
  const heard = (server: "up" | "in_doubt", retryAfterSeconds = 0) => {
    if (server === "in_doubt") state.serverUp = false;
    state.backoffMs = server === "up" ? 0 : Math.max(state.backoffMs, retryAfterSeconds * 1000);
  };
  const senders = createSenders({ channel, leases, alarm, heard, log, slowMs });
  const room = () => channel.room(senders.sending(), state.backoffMs > 0);

  async function takeAndSend() {
    const { prepared, leased, others } = await channel.take(senders.sending(), state.backoffMs > 0);
    for (const one of prepared) senders.start(one, stopping.signal);
    if (leased > 0 && !channel.isFull(senders.sending())) pace.count();
    return others;
  }

  /** @returns whether there is nothing more to do now. */
  async function poll() {
    if (room() <= 0 || stopping.signal.aborted) return true;
    try {
      const others = await takeAndSend();
      state.outboxUp = true;
      return others === 0 || room() <= 0;
    } catch (error) {
      if (state.outboxUp) log.warn({ err: error }, channel.words.outboxDown);
      state.outboxUp = false;
      return true;
    }
  }

  async function run() {
    while (!stopping.signal.aborted) {
      await waitForServer(state, channel, log, stopping.signal);
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
      channel.server.close();
    },
  };
}
