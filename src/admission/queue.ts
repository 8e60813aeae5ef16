import { err, ok, type Result } from "../result.ts";
import type { Place, Rank } from "./place.ts";
import { createPrecedence } from "./precedence.ts";
import { createRankedQueue, type RankedQueue } from "./ranked-queue.ts";

export type AdmissionQueueSettings = {
  concurrency: number;
  maxWaitSeconds: number;
  initialEstimateSeconds: number;
};

/**
 * Why work did not run: the wait would be too long, or became so because others ask too (`full`), the caller aborted
 * before its turn, or the queue closed.
 */
export type Rejection = "full" | "aborted" | "closed";

export type AdmissionQueue = {
  hasRoom(place: Place): boolean;
  /** Runs work in its turn, or rejects it at once if it would wait too long. Throws what the work throws. */
  run<T>(place: Place, signal: AbortSignal, work: () => Promise<T>): Promise<Result<T, Rejection>>;
  /** Seconds that a newcomer of a rank would wait, if none of a higher rank came after. */
  expectedWait(rank: Rank): number;
  /** Seconds between two turns while all slots are in use. */
  secondsPerTurn(): number;
  length(): number;
  /** Rejects waiting work, and resolves when running work is done. */
  close(): Promise<void>;
};

const EWMA_ALPHA = 0.1;
/** The estimated wait may use this share of the bound, because the machine may become slower meanwhile. */
const ADMISSION_MARGIN = 0.85;

function createEstimate(initialSeconds: number) {
  let seconds = initialSeconds;
  let measured = 0;
  return {
    seconds: () => seconds,
    add(workSeconds: number) {
      measured += 1;
      // The first measurements weigh more, because the initial estimate may be far off.
      seconds += Math.max(EWMA_ALPHA, 1 / measured) * (workSeconds - seconds);
    },
  };
}

type Start = (rejection?: Rejection) => void;

/** Resolves at the caller's turn, or with the reason why it will have none. */
function waitForTurn(waiting: RankedQueue<Start>, place: Place, signal: AbortSignal, maxWaitSeconds: number) {
  return new Promise<Rejection | undefined>((resolve) => {
    const start: Start = (rejection) => {
      clearTimeout(late);
      signal.removeEventListener("abort", abort);
      if (rejection) waiting.remove(place, start);
      resolve(rejection);
    };
    const abort = () => start("aborted");
    const late = setTimeout(start, maxWaitSeconds * 1000, "full");
    signal.addEventListener("abort", abort);
    waiting.add(place, start);
  });
}

/**
 * Admits work while the wait, by those who go before it and measured times, is within the bound. Higher ranks go first,
 * and within a rank networks take turns. A network goes before all others as often in the bound as there are slots, and
 * beyond that with other sign-ins. Where the queue is full, a caller displaces the newest of the lowest rank. Where its
 * own rank and those before it fill the queue, a network that has fewer places displaces the newest of the one that has
 * the most. So one network may have the whole queue while it is alone, and its later places wait longer when others
 * come: at the bound they are rejected.
 */
export function createAdmissionQueue(settings: AdmissionQueueSettings): AdmissionQueue {
  const { concurrency, maxWaitSeconds } = settings;
  const estimate = createEstimate(settings.initialEstimateSeconds);
  let freeSlots = concurrency;
  let closed = false;
  let whenIdle = () => {};
  const waiting = createRankedQueue<Start>();
  const precedence = createPrecedence(concurrency, maxWaitSeconds);

  const secondsPerTurn = () => estimate.seconds() / concurrency;
  const expectedWait = (rank: Rank) => Math.max(0, waiting.count(rank) + 1 - freeSlots) * secondsPerTurn();
  const isFull = (rank: Rank) => expectedWait(rank) > ADMISSION_MARGIN * maxWaitSeconds;

  /** Whom a caller displaces, if it needs to, or that there is nobody whom it may. */
  function findRoom(place: Place): Result<Start | undefined, "full"> {
    // The last rank's wait counts everybody.
    if (!isFull("rehash")) return ok(undefined);
    if (place.rank === "rehash") return err("full");
    const displaced = isFull(place.rank) ? waiting.displacedBy(place) : waiting.last();
    return displaced ? ok(displaced) : err("full");
  }

  function startNext() {
    while (freeSlots > 0) {
      const start = waiting.take();
      if (!start) return;
      freeSlots -= 1;
      start();
    }
  }

  async function measure<T>(work: () => Promise<T>) {
    const started = performance.now();
    try {
      const value = await work();
      estimate.add((performance.now() - started) / 1000);
      return value;
    } finally {
      freeSlots += 1;
      if (freeSlots === concurrency) whenIdle();
      startNext();
    }
  }

  return {
    hasRoom: (place) => !closed && findRoom(precedence.of(place)).ok,
    expectedWait,
    secondsPerTurn,
    length: () => concurrency - freeSlots + waiting.count("rehash"),
    async run(asked, signal, work) {
      const place = precedence.of(asked);
      if (closed || signal.aborted) return err(closed ? "closed" : "aborted");
      const room = findRoom(place);
      if (!room.ok) return room;
      precedence.use(place);
      room.value?.("full");
      const turn = waitForTurn(waiting, place, signal, maxWaitSeconds);
      startNext();
      const rejection = await turn;
      return rejection ? err(rejection) : ok(await measure(work));
    },
    close() {
      closed = true;
      for (const start of waiting.all()) start("closed");
      return new Promise((resolve) => {
        whenIdle = resolve;
        if (freeSlots === concurrency) resolve();
      });
    },
  };
}
