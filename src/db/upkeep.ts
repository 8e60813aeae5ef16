import type { Knex } from "knex";
import type { Logger } from "pino";

const CHECKPOINT_MS = 5 * 60_000;
const VACUUM_MS = 24 * 60 * 60_000;

/** Runs checkpoints and vacuums, for which the embedded database has no processes. @returns a function to stop. */
export function startUpkeep(db: Knex, log: Logger): () => void {
  const every = (milliseconds: number, statement: string) =>
    setInterval(() => {
      db.raw(statement).catch((error: unknown) => log.error({ err: error }, `${statement} failed`));
    }, milliseconds).unref();
  const timers = [every(CHECKPOINT_MS, "CHECKPOINT"), every(VACUUM_MS, "VACUUM (ANALYZE)")];
  return () => timers.forEach(clearInterval);
}
