import { err, ok, type Result } from "../result.ts";
import { createFairQueue, type FairQueue } from "./fair-queue.ts";

export type AdmissionQueueSettings = {
  concurrency: number;
  maxWaitSeconds: number;
  initialEstimateSeconds: number;
};

/**
 * Why work did not run: the wait would be too long, or became so because other networks ask too (`full`), the caller
 * aborted before its turn, or the queue closed.
 */
export type Rejection = "full" | "aborted" | "closed";

export type AdmissionQueue = {
  hasRoom(network: string): boolean;
  /** Runs work in its turn, or rejects it at once if it would wait too long. Throws what the work throws. */
  run<T>(network: string, signal: AbortSignal, work: () => Promise<T>): Promise<Result<T, Rejection>>;
  expectedWait(): number;
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
function waitForTurn(waiting: FairQueue<Start>, network: string, signal: AbortSignal, maxWaitSeconds: number) {
  return new Promise<Rejection | undefined>((resolve) => {
    const start: Start = (rejection) => {
      clearTimeout(late);
      signal.removeEventListener("abort", abort);
      if (rejection) waiting.remove(network, start);
      resolve(rejection);
    };
    const abort = () => start("aborted");
    const late = setTimeout(start, maxWaitSeconds * 1000, "full");
    signal.addEventListener("abort", abort);
    waiting.add(network, start);
  });
}

/**
 * Admits work while the wait, by the queue's length and measured times, is within the bound. Networks take turns. Where
 * the queue is full, a network that has fewer places displaces the newest of the one that has the most. So one network
 * may have the whole queue while it is alone, and its later places wait longer when others come: at the bound they are
 * rejected.
 */
export function createAdmissionQueue(settings: AdmissionQueueSettings): AdmissionQueue {
  const { concurrency, maxWaitSeconds } = settings;
  const estimate = createEstimate(settings.initialEstimateSeconds);
  let length = 0;
  let freeSlots = concurrency;
  let closed = false;
  let whenIdle = () => {};
  const waiting = createFairQueue<Start>();

  const secondsPerTurn = () => estimate.seconds() / concurrency;
  const expectedWait = () => Math.max(0, length + 1 - concurrency) * secondsPerTurn();
  const isFull = () => expectedWait() > ADMISSION_MARGIN * maxWaitSeconds;

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
    hasRoom: (network) => !closed && (!isFull() || waiting.displacedBy(network) !== undefined),
    expectedWait,
    secondsPerTurn,
    length: () => length,
    async run(network, signal, work) {
      if (closed || signal.aborted) return err(closed ? "closed" : "aborted");
      if (isFull()) {
        const displaced = waiting.displacedBy(network);
        if (!displaced) return err("full");
        displaced("full");
      }
      length += 1;
      try {
        const turn = waitForTurn(waiting, network, signal, maxWaitSeconds);
        startNext();
        const rejection = await turn;
        return rejection ? err(rejection) : ok(await measure(work));
      } finally {
        length -= 1;
      }
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
