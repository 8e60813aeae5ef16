export type LineSettings = {
  /** How many are served at a time. */
  servers: number;
  maxWaitSeconds: number;
  /** What one service is expected to take until some were measured. */
  firstGuessSeconds: number;
};

/** Why a place was lost before its turn: its holder went away, or the line closed. */
export type Lost = "left" | "closed";

export type Place = {
  /** Waits for the turn, then does the work. Rejects as the work does. */
  take<T>(work: () => Promise<T>): Promise<{ ok: true; value: T } | { ok: false; lost: Lost }>;
  /** Gives the place back unused. */
  leave(): void;
};

export type Line = {
  hasRoom(): boolean;
  /** A place, or undefined where the wait would be too long. One who goes away (`signal`) before the turn loses it. */
  enter(signal: AbortSignal): Place | undefined;
  /** How long one who enters now would wait, in seconds. */
  expectedWait(): number;
  /** How often somebody is served while all are busy. */
  secondsPerTurn(): number;
  /** How many wait or are being served. */
  length(): number;
  /** Refuses all who wait, and resolves when those being served are done. */
  close(): Promise<void>;
};

/** How much the newest measurement counts; the first ones more, for the guess before them may be far off. */
const WEIGHT = 0.1;
/** What is foretold may use up no more of the bound than this: the machine may be slower by the time that it comes true. */
const SURE = 0.85;

/**
 * A waiting line in front of scarce work: first come, first served, and nobody enters who would wait too long. The wait is
 * foretold from those ahead and the measured time of a service.
 */
export function createLine({ servers, maxWaitSeconds, firstGuessSeconds }: LineSettings): Line {
  let serviceSeconds = firstGuessSeconds;
  let measured = 0;
  let length = 0;
  let free = servers;
  let closed = false;
  let whenIdle = () => {};
  const waiting = new Set<(lost?: Lost) => void>();

  function secondsPerTurn() {
    return serviceSeconds / servers;
  }

  function expectedWait() {
    return Math.max(0, length + 1 - servers) * secondsPerTurn();
  }

  function hasRoom() {
    return !closed && expectedWait() <= SURE * maxWaitSeconds;
  }

  function callNext() {
    for (const call of waiting) {
      if (free === 0) return;
      free -= 1;
      call();
    }
  }

  function turn(signal: AbortSignal): Promise<Lost | undefined> {
    return new Promise((resolve) => {
      const call = (lost?: Lost) => {
        waiting.delete(call);
        signal.removeEventListener("abort", quit);
        resolve(lost);
      };
      const quit = () => call("left");
      if (closed || signal.aborted) return resolve(closed ? "closed" : "left");
      signal.addEventListener("abort", quit);
      waiting.add(call);
      callNext();
    });
  }

  async function serve<T>(work: () => Promise<T>) {
    const started = performance.now();
    try {
      const value = await work();
      measured += 1;
      serviceSeconds += Math.max(WEIGHT, 1 / measured) * ((performance.now() - started) / 1000 - serviceSeconds);
      return value;
    } finally {
      free += 1;
      if (free === servers) whenIdle();
      callNext();
    }
  }

  return {
    expectedWait,
    secondsPerTurn,
    hasRoom,
    length: () => length,
    enter(signal) {
      if (!hasRoom()) return undefined;
      length += 1;
      let held = true;
      const leave = () => {
        if (held) length -= 1;
        held = false;
      };
      return {
        leave,
        async take(work) {
          try {
            const lost = await turn(signal);
            return lost ? { ok: false, lost } : { ok: true, value: await serve(work) };
          } finally {
            leave();
          }
        },
      };
    },
    close() {
      closed = true;
      for (const call of waiting) call("closed");
      return new Promise((resolve) => {
        whenIdle = resolve;
        if (free === servers) resolve();
      });
    },
  };
}
