import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { Job } from "./job.ts";
import { NotSent } from "./not-sent.ts";
import type { NoteOutcome } from "./note.ts";

export type DeliveryEvent = "sent" | "retried" | "given_up" | "dropped";

export type DeliveryParts = {
  /** What the log calls one of them. */
  noun: "email" | "event";
  note: NoteOutcome;
  /** How often sending one may fail for a reason of its own. */
  maxAttempts: number;
  retrySeconds(job: Job, failure: NotSent): number;
  log: Logger;
  observe: (event: DeliveryEvent) => void;
};

export type DeliveryContext = {
  lost: AbortSignal;
  stopping: AbortSignal;
  /** It hears at once that the other side took something or may be down, for the database may be down too. */
  heard: (server: "up" | "in_doubt", retryAfterSeconds?: number) => void;
};

/** Resolves once it was taken, or there turned out to be nothing to send. @throws NotSent */
export type Send = (context: DeliveryContext) => Promise<"sent" | "dropped">;

const RECORD_RETRY_MS = 1000;

async function recordFailure(parts: DeliveryParts, job: Job, failure: NotSent) {
  const { noun, note, maxAttempts, retrySeconds, log, observe } = parts;
  const { reason, message: response } = failure;
  const attempts = job.attempts + (reason === "server_down" ? 0 : 1);
  const givesUp = reason === "permanent" || attempts >= maxAttempts;
  const seconds = retrySeconds(job, failure);
  const recorded = await note(
    givesUp ? { job, outcome: "given_up", response } : { job, outcome: "retry", response, seconds, attempts },
  );
  const said = { [noun]: job.id, reason };
  if (!recorded) return log.warn(said, `an ${noun} was taken by another instance while it was being sent`);
  observe(givesUp ? "given_up" : "retried");
  log.warn({ ...said, attempts }, givesUp ? `an ${noun} was given up` : `an ${noun} will be tried again`);
}

/** The database may be down just now. What is not recorded as sent would be sent again when it is back. */
async function recordSent({ note, observe }: DeliveryParts, job: Job, stopping: AbortSignal) {
  for (;;) {
    try {
      if (await note({ job, outcome: "sent" })) observe("sent");
      return;
    } catch (error) {
      if (stopping.aborted) throw error;
      await pause(RECORD_RETRY_MS);
    }
  }
}

/** Creates what sends jobs that have been leased, and records what came of each. It throws the database's faults. */
export function createDelivery(parts: DeliveryParts) {
  const { noun, note, log, observe } = parts;
  const sentUnrecorded = new Set<number>();

  async function attempt(job: Job, send: Send, context: DeliveryContext) {
    try {
      const outcome = await send(context);
      if (outcome === "sent") sentUnrecorded.add(job.id);
      return outcome;
    } catch (error) {
      if (error instanceof NotSent) return error;
      log.error({ err: error, [noun]: job.id }, `an ${noun} could not be written`);
      return new NotSent("transient", "It could not be written.");
    }
  }

  return {
    /** Whether one was sent, but its lease ended before that could be recorded. */
    wasSent: ({ id }: Job) => sentUnrecorded.has(id),
    async deliver(job: Job, send: Send, context: DeliveryContext): Promise<void> {
      const { stopping, heard } = context;
      const outcome = await attempt(job, send, context);
      if (outcome === "dropped") {
        if (await note({ job, outcome })) observe(outcome);
        return;
      }
      if (outcome === "sent") {
        heard("up");
        await recordSent(parts, job, stopping);
        sentUnrecorded.delete(job.id);
        return;
      }
      const { reason, retryAfterSeconds } = outcome;
      if (reason === "server_down" || reason === "connection_lost") heard("in_doubt", retryAfterSeconds);
      await recordFailure(parts, job, outcome);
    },
  };
}
