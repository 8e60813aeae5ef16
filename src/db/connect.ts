import { setTimeout } from "node:timers/promises";
import knex, { type Knex } from "knex";
import type { Logger } from "pino";
import type { DatabaseSettings } from "../config.ts";
import { StartError } from "../start-error.ts";
import { hideValues } from "./faults.ts";
import { migrate } from "./migrate.ts";
import { openSource, type Source } from "./source.ts";
import { startUpkeep } from "./upkeep.ts";

const OLDEST_POSTGRES = 140_000;
const READY_MS = 2000;

export type Database = {
  db: Knex;
  description: string;
  /** Whether the database answers within a bounded time. */
  isReady(): Promise<boolean>;
  close(): Promise<void>;
};

function answers(db: Knex, log: Logger): Promise<boolean> {
  const late = setTimeout(READY_MS, false, { ref: false });
  const answer = db.raw("select 1").then(
    () => true,
    (error: unknown) => {
      log.warn({ err: error }, "the database does not answer");
      return false;
    },
  );
  return Promise.race([answer, late]);
}

async function checkVersion(db: Knex) {
  const { rows } = await db.raw("show server_version_num");
  if (Number(rows[0].server_version_num) < OLDEST_POSTGRES) throw new StartError("DATABASE_URL: expected PostgreSQL 14 or newer");
}

/** knex would write to the console. Its errors come to the caller as well, so here they are only for who looks closely. */
function knexLog(log: Logger): NonNullable<Knex.Config["log"]> {
  const debug = (message: unknown) => log.debug(message instanceof Error ? { err: message } : {}, `knex: ${message}`);
  return { warn: debug, error: debug, deprecate: debug, debug };
}

/** knex puts the statement before what the database says; the operator is told the reason. */
function hideStatement(error: unknown, { sql }: { sql: string }) {
  const statement = `${sql} - `;
  if (error instanceof Error && error.message.startsWith(statement)) error.message = error.message.slice(statement.length);
}

/** Waiting for another instance to migrate may take longer than a request may: so this has a connection of its own. */
async function prepare(source: Source, log: Logger) {
  const db = knex({ ...source.options, pool: { min: 0, max: 1 } });
  db.on("query-error", hideStatement);
  let isReached = false;
  try {
    await checkVersion(db);
    isReached = true;
    await migrate(db, log);
  } catch (error) {
    if (error instanceof StartError || !(error instanceof Error)) throw error;
    const reason = error.message.split("\n")[0] || ("code" in error ? String(error.code) : error.name);
    const toDo = isReached || source.setting === "DATA_DIR" ? "" : "; check the URL's host, port, user, password and database";
    throw new StartError(`${source.setting}: ${reason} (${source.description} cannot be used${toDo})`);
  } finally {
    await db.destroy();
  }
}

/**
 * Opens the database, brings its schema up to date and returns the pool that serves requests.
 * @throws StartError when it cannot be reached or used.
 */
export async function connect(settings: DatabaseSettings, log: Logger): Promise<Database> {
  const source = await openSource(settings);
  source.options.log = knexLog(log);
  for (const remark of source.remarks) log.warn(remark);
  try {
    await prepare(source, log);
  } catch (error) {
    await source.close();
    throw error;
  }
  const db = knex(source.options);
  db.on("query-error", hideValues);
  const stopUpkeep = source.setting === "DATA_DIR" ? startUpkeep(db, log) : () => {};
  return {
    db,
    description: source.description,
    isReady: () => answers(db, log),
    close: async () => {
      stopUpkeep();
      await db.destroy();
      await source.close();
    },
  };
}
