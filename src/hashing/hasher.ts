import type { Logger } from "pino";
import { Piscina } from "piscina";
import { createLine, type Lost, type Place } from "./line.ts";
import { type Bcrypt, hashPassword, verifyPassword } from "./password-hash.ts";
import { createReturns } from "./returns.ts";

export type HasherSettings = {
  /** bcrypt's cost: 2^cost rounds. */
  cost: number;
  /** How many hash at a time, each in a thread of its own. */
  concurrency: number;
  maxWaitSeconds: number;
  log: Logger;
  /** Tells of each hash how many seconds it took, and of each that was not computed, why. */
  observe: { hashed(seconds: number): void; refused(reason: "full" | "broken" | Lost): void };
  /** The code of the threads, for tests that break it. */
  worker?: URL;
};

/** What came of a turn: the work's value, or the seconds after which to try again. */
export type Turn<T> = { ok: true; value: T } | { ok: false; retryAfterSeconds: number };

/** A place in the line before the threads. */
export type HashPlace = {
  ok: true;
  hash(password: string): Promise<Turn<string>>;
  verify(password: string, stored: string): Promise<Turn<boolean>>;
};

export type Hasher = {
  /** Whether there is room. It costs next to nothing to ask, so ask before any other work. */
  hasRoom(): boolean;
  /** Asks for a place. Take one when all else is done, for it keeps another out. */
  enter(signal: AbortSignal): HashPlace | { ok: false; retryAfterSeconds: number };
  /** When one for whom there is no room should come back, in seconds. */
  turnAway(): number;
  length(): number;
  /** Lets running hashes finish, refuses those that wait, and ends the threads. */
  close(): Promise<void>;
};

/** A few hundredths of a second of work, enough to tell how fast this machine is. */
const TRIAL_COST = 8;
const LOST = { ok: false, retryAfterSeconds: 1 } as const;

/**
 * Hashes and verifies passwords on threads of their own, so that files, names and the event loop never wait for bcrypt,
 * behind a line that refuses at once whoever would wait too long.
 */
export async function createHasher({ cost, concurrency, maxWaitSeconds, log, observe, worker }: HasherSettings): Promise<Hasher> {
  const threads = new Piscina({
    filename: (worker ?? new URL("./worker.js", import.meta.url)).href,
    minThreads: concurrency,
    maxThreads: concurrency,
    // Pages and look-ups come first: they want the processor for a thousandth of the time that a hash does.
    niceIncrement: 10,
    // A hash needs hardly any heap; left alone, each thread would take that of a program.
    resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 16 },
  });
  const bcrypt: Bcrypt = {
    hash: (secret, salt) => threads.run({ secret, salt }, { name: "hash" }),
    compare: (secret, hash) => threads.run({ secret, hash }, { name: "compare" }),
  };
  await Promise.all(Array.from({ length: concurrency }, () => hashPassword("wakes a thread", TRIAL_COST, bcrypt)));
  const started = performance.now();
  await hashPassword("a trial", TRIAL_COST, bcrypt);
  const trialSeconds = (performance.now() - started) / 1000;
  const line = createLine({ servers: concurrency, maxWaitSeconds, firstGuessSeconds: trialSeconds * 2 ** (cost - TRIAL_COST) });
  const retryAfter = createReturns(line.secondsPerTurn);

  async function take<T>(place: Place, work: () => Promise<T>): Promise<Turn<T>> {
    try {
      const turn = await place.take(async () => {
        const begun = performance.now();
        const value = await work();
        observe.hashed((performance.now() - begun) / 1000);
        return value;
      });
      if (turn.ok) return turn;
      observe.refused(turn.lost);
    } catch (error) {
      // The thread died; Piscina has replaced it.
      log.error({ err: error }, "a hash was lost with its thread");
      observe.refused("broken");
    }
    return LOST;
  }

  function turnAway() {
    observe.refused("full");
    return retryAfter();
  }

  return {
    length: line.length,
    hasRoom: line.hasRoom,
    turnAway,
    enter(signal) {
      const place = line.enter(signal);
      if (!place) return { ok: false, retryAfterSeconds: turnAway() };
      return {
        ok: true,
        hash: (password) => take(place, () => hashPassword(password, cost, bcrypt)),
        verify: (password, stored) => take(place, () => verifyPassword(password, stored, bcrypt)),
      };
    },
    async close() {
      await line.close();
      // Not `close`, which (in Piscina 5.3) ends threads that are still at work.
      await threads.destroy();
    },
  };
}
