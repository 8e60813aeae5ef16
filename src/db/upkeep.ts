import type { Knex } from "knex";
import type { Logger } from "pino";

const CHECKPOINT_MS = 5 * 60_000;
const VACUUM_MS = 24 * 60 * 60_000;

/**
 * Does for the embedded database what a server's background processes do: it has none, so that its log would only grow.
 * @returns a function that stops it.
 */
export function startUpkeep(db: Knex, log: Logger): () => void {
  const every = (milliseconds: number, statement: string) =>
    setInterval(() => {
      db.raw(statement).catch((error: unknown) => log.error({ err: error }, `${statement} failed`));
    }, milliseconds).unref();
  const timers = [every(CHECKPOINT_MS, "CHECKPOINT"), every(VACUUM_MS, "VACUUM (ANALYZE)")];
  return () => timers.forEach(clearInterval);
}
