import type { Logger } from "pino";

const INTERVAL_MS = 10 * 60_000;
/** An app that mounts Foyer has yet to say who is to be told of what is deleted. */
const FIRST_MS = 5000;

/**
 * Does what deletes what expired, soon after the start and then every ten minutes.
 * @returns a function that stops it, and waits for its statement.
 */
export function startPurge(
  log: Logger,
  purges: readonly ((signal: AbortSignal) => Promise<void>)[],
  firstMs = FIRST_MS,
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
  const timers = [setTimeout(run, firstMs).unref(), setInterval(run, INTERVAL_MS).unref()];
  return async () => {
    for (const timer of timers) clearTimeout(timer);
    stopping.abort();
    await running;
  };
}
