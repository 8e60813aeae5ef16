import { err, ok, type Result } from "../result.ts";

export type AdmissionQueueSettings = {
  concurrency: number;
  maxWaitSeconds: number;
  initialEstimateSeconds: number;
};

/** Why work did not run: the wait would be too long, the caller aborted before its turn, or the queue closed. */
export type Rejection = "full" | "aborted" | "closed";

export type AdmissionQueue = {
  hasRoom(): boolean;
  /** Runs work in its turn, or rejects it at once if it would wait too long. Throws what the work throws. */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<Result<T, Rejection>>;
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

/** First come, first served: it admits work while the wait, by its length and measured times, is within the bound. */
export function createAdmissionQueue(settings: AdmissionQueueSettings): AdmissionQueue {
  const { concurrency, maxWaitSeconds } = settings;
  const estimate = createEstimate(settings.initialEstimateSeconds);
  let length = 0;
  let freeSlots = concurrency;
  let closed = false;
  let whenIdle = () => {};
  const waiting = new Set<(rejection?: Rejection) => void>();

  const secondsPerTurn = () => estimate.seconds() / concurrency;
  const expectedWait = () => Math.max(0, length + 1 - concurrency) * secondsPerTurn();
  const hasRoom = () => !closed && expectedWait() <= ADMISSION_MARGIN * maxWaitSeconds;

  function startNext() {
    for (const start of waiting) {
      if (freeSlots === 0) return;
      freeSlots -= 1;
      start();
    }
  }

  function slot(signal: AbortSignal): Promise<Rejection | undefined> {
    return new Promise((resolve) => {
      const start = (rejection?: Rejection) => {
        waiting.delete(start);
        signal.removeEventListener("abort", abort);
        resolve(rejection);
      };
      const abort = () => start("aborted");
      if (closed || signal.aborted) return resolve(closed ? "closed" : "aborted");
      signal.addEventListener("abort", abort);
      waiting.add(start);
      startNext();
    });
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
    hasRoom,
    expectedWait,
    secondsPerTurn,
    length: () => length,
    async run(signal, work) {
      if (!closed && !hasRoom()) return err("full");
      length += 1;
      try {
        const rejection = await slot(signal);
        return rejection ? err(rejection) : ok(await measure(work));
      } finally {
        length -= 1;
      }
    },
    close() {
      closed = true;
      for (const start of waiting) start("closed");
      return new Promise((resolve) => {
        whenIdle = resolve;
        if (freeSlots === concurrency) resolve();
      });
    },
  };
}
