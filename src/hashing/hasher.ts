import type { Logger } from "pino";
import { Piscina } from "piscina";
import type { Place } from "../admission/place.ts";
import { createAdmissionQueue, type Rejection } from "../admission/queue.ts";
import { createRetryAfter } from "../admission/retry-after.ts";
import { err, type Result } from "../result.ts";
import { type Bcrypt, hashPassword, isStale, type TypedPassword, verifyPassword } from "./password-hash.ts";

export type HasherSettings = {
  cost: number;
  concurrency: number;
  maxWaitSeconds: number;
  log: Logger;
  observe: { hashed(seconds: number): void; refused(reason: Rejection | "broken"): void };
  worker?: URL;
};

export type Busy = { code: "busy"; retryAfterSeconds: number };

/** Callers share the threads by their rank and network. */
export type Hasher = {
  /** Whether a hash would be admitted now. This is cheap, so ask before any other work. */
  hasRoom(place: Place): boolean;
  /** Refuses a caller without a hash. Each caller of a network is told to retry later than the one before. */
  refuse(place: Place): Busy;
  hash(password: string, signal: AbortSignal, place: Place): Promise<Result<string, Busy>>;
  /** Takes as long as a hash, whatever is stored, also where nothing is. */
  verify(
    password: TypedPassword,
    stored: string | undefined,
    signal: AbortSignal,
    place: Place,
  ): Promise<Result<boolean, Busy>>;
  /** Whether `hash` would write another kind of hash today, or one of another cost. */
  isStale(stored: string): boolean;
  length(): number;
  /** Lets running hashes finish, refuses waiting ones, and ends the threads. */
  close(): Promise<void>;
};

const TRIAL_COST = 8;
const TRIALS = 3;

async function measureHash(cost: number, concurrency: number, bcrypt: Bcrypt): Promise<number> {
  await Promise.all(Array.from({ length: concurrency }, () => hashPassword("wakes a thread", TRIAL_COST, bcrypt)));
  let shortestMs = Number.POSITIVE_INFINITY;
  // What else starts on the machine may interrupt one, and the queue would begin by refusing people for it.
  for (let trial = 0; trial < TRIALS; trial += 1) {
    const started = performance.now();
    await hashPassword("a trial", TRIAL_COST, bcrypt);
    shortestMs = Math.min(shortestMs, performance.now() - started);
  }
  return (shortestMs / 1000) * 2 ** (cost - TRIAL_COST);
}

function startThreads(concurrency: number, worker: URL) {
  return new Piscina({
    filename: worker.href,
    minThreads: concurrency,
    maxThreads: concurrency,
    // None of the program's own arguments: under tsx each thread would load the TypeScript compiler.
    execArgv: [],
    // By default each thread would reserve a whole process's heap.
    resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 16 },
  });
}

/** Hashes on its own threads: the event loop and libuv's pool stay free. It refuses at once whoever would wait long. */
export async function createHasher(settings: HasherSettings): Promise<Hasher> {
  const { cost, concurrency, maxWaitSeconds, log, observe } = settings;
  const threads = startThreads(concurrency, settings.worker ?? new URL("./worker.js", import.meta.url));
  const bcrypt: Bcrypt = {
    hash: (secret, salt) => threads.run({ secret, salt }, { name: "hash" }),
    compare: (trial) => threads.run(trial, { name: "compare" }),
  };
  const initialEstimateSeconds = await measureHash(cost, concurrency, bcrypt);
  const queue = createAdmissionQueue({ concurrency, maxWaitSeconds, initialEstimateSeconds });
  const retryAfter = createRetryAfter(queue.secondsPerTurn);

  function refuse(place: Place, reason: Rejection | "broken" = "full"): Busy {
    // Nobody waits for a hash that is renewed, so this is no sign that the machine is too small.
    if (place.rank !== "rehash" || reason === "broken") observe.refused(reason);
    return { code: "busy", retryAfterSeconds: reason === "full" ? retryAfter(place) : 1 };
  }

  async function run<T>(place: Place, signal: AbortSignal, work: () => Promise<T>): Promise<Result<T, Busy>> {
    try {
      const result = await queue.run(place, signal, async () => {
        const started = performance.now();
        const value = await work();
        observe.hashed((performance.now() - started) / 1000);
        return value;
      });
      return result.ok ? result : err(refuse(place, result.error));
    } catch (error) {
      // The thread died; Piscina has replaced it.
      log.error({ err: error }, "a hash was lost with its thread");
      return err(refuse(place, "broken"));
    }
  }

  return {
    length: queue.length,
    hasRoom: queue.hasRoom,
    refuse: (place) => refuse(place),
    hash: (password, signal, place) => run(place, signal, () => hashPassword(password, cost, bcrypt)),
    verify: (password, stored, signal, place) =>
      run(place, signal, () => verifyPassword(password, stored, cost, bcrypt)),
    isStale: (stored) => isStale(stored, cost),
    async close() {
      await queue.close();
      // Not `close`, which (in Piscina 5.3) ends threads that are still at work.
      await threads.destroy();
    },
  };
}
