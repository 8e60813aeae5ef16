import type { Logger } from "pino";

const INTERVAL_MS = 10 * 60_000;

/** Does what deletes what expired, every ten minutes. @returns a function that stops it. */
export function startPurge(log: Logger, purges: readonly ((signal: AbortSignal) => Promise<void>)[]): () => void {
  const stopping = new AbortController();
  let isRunning = false;
  const run = async () => {
    if (isRunning) return;
    isRunning = true;
    for (const purge of purges) {
      await purge(stopping.signal).catch((fault: unknown) => {
        log.warn({ err: fault }, "what expired could not be deleted");
      });
    }
    isRunning = false;
  };
  const timer = setInterval(run, INTERVAL_MS).unref();
  void run();
  return () => {
    clearInterval(timer);
    stopping.abort();
  };
}
