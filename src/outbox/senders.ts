import type { Logger } from "pino";
import type { Alarm } from "./alarm.ts";
import type { Channel, Prepared, Sending } from "./channel.ts";
import type { DeliveryContext } from "./delivery.ts";
import type { Job } from "./job.ts";
import type { Leases } from "./leases.ts";

type Running<J extends Job> = Sending<J> & { ended: Promise<void> };

type SenderParts<J extends Job> = {
  channel: Channel<J>;
  leases: Leases;
  alarm: Alarm;
  heard: DeliveryContext["heard"];
  log: Logger;
  slowMs: number;
};

/** Keeps what is being sent, and wakes the worker when that makes room. */
export function createSenders<J extends Job>({ channel, leases, alarm, heard, log, slowMs }: SenderParts<J>) {
  const running = new Set<Running<J>>();
  const sending = (): readonly Sending<J>[] => [...running];

  function makeRoom(change: () => void) {
    const wasAwaited = channel.isInOrder || channel.isFull(sending());
    change();
    if (wasAwaited) alarm.wake();
  }

  async function send({ job, deliver }: Prepared<J>, stopping: AbortSignal) {
    const { lost, release } = leases.hold(job);
    try {
      await deliver({ lost, stopping, heard });
    } catch (error) {
      const { noun } = channel.words;
      log.error({ err: error, [noun]: job.id }, `an ${noun} was left until its lease ends`);
    } finally {
      release();
    }
  }

  return {
    sending,
    finished: () => Promise.all([...running].map(({ ended }) => ended)),
    start(prepared: Prepared<J>, stopping: AbortSignal) {
      const one: Running<J> = { job: prepared.job, isQuick: true, ended: Promise.resolve() };
      const slow = setTimeout(() => makeRoom(() => Object.assign(one, { isQuick: false })), slowMs).unref();
      one.ended = send(prepared, stopping).finally(() => {
        clearTimeout(slow);
        makeRoom(() => running.delete(one));
      });
      running.add(one);
    },
  };
}
