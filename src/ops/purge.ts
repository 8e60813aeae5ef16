import type { Logger } from "pino";

const INTERVAL_MS = 10 * 60_000;

/** Does what deletes what expired, every ten minutes. @returns a function that stops it, and waits for its statement. */
export function startPurge(
  log: Logger,
  purges: readonly ((signal: AbortSignal) => Promise<void>)[],
): () => Promise<void> {
  const stopping = new AbortController();
  const purgeAll = async () => {
    for (const purge of purges) {
      if (stopping.signal.aborted) return;
      await purge(stopping.signal).catch((fault: unknown) => {
        log.warn({ err: fault }, "what expired could not be deleted");
      });
    }
  };
  let running: Promise<void> | undefined;
  const run = () => {
    running ??= purgeAll().finally(() => {
      running = undefined;
    });
  };
  const timer = setInterval(run, INTERVAL_MS).unref();
  run();
  return async () => {
    clearInterval(timer);
    stopping.abort();
    await running;
  };
}
