import { setTimeout } from "node:timers/promises";
import knex, { type Knex } from "knex";
import type { Logger } from "pino";
import { StartError } from "../config/start-error.ts";
import { describeError, hideValues } from "./faults.ts";
import { migrate } from "./migrate.ts";
import { openSource } from "./open-source.ts";
import type { Source, SourceSettings } from "./source.ts";
import { transaction, withRetries } from "./transaction.ts";
import { startUpkeep } from "./upkeep.ts";

const MIN_SERVER_VERSION = 140_000;
const READY_TIMEOUT_MS = 2000;

export type Database = {
  db: Knex;
  description: string;
  /** Whether it writes within two seconds, unlike a standby, an old primary, or one whose disk is full. */
  isReady(): Promise<boolean>;
  /** Calls back for every statement sent, but for those that begin and end transactions. */
  onStatement(listener: () => void): void;
  close(): Promise<void>;
};

const OF_TRANSACTION = /^(?:begin|commit|rollback)/i;

/** More than fits the memory that a statement gets there, so that the server writes it to the tables' disk. */
const WRITE = "select pg_current_xact_id(), count(*) from generate_series(1, 5000)";

/**
 * Writes, and takes it back. A row would not do: the server has room for some on a full disk, an app may lock its
 * table, and what is taken back stays until a vacuum.
 */
async function isWritable(db: Knex): Promise<boolean> {
  const trx = await db.transaction();
  try {
    const { rows } = await trx.raw("show transaction_read_only");
    if (rows[0].transaction_read_only !== "off") return false;
    await trx.raw("set local work_mem = '64kB'");
    await trx.raw("set local temp_tablespaces = ''");
    await trx.raw(WRITE);
    return true;
  } finally {
    await trx.rollback();
  }
}

async function isReady(db: Knex, { renew }: Source, log: Logger): Promise<boolean> {
  const late = setTimeout(READY_TIMEOUT_MS, undefined, { ref: false });
  try {
    const ready = await Promise.race([withRetries(() => isWritable(db)), late]);
    if (ready === false) {
      log.warn("the database is read only");
      renew();
    }
    return ready === true;
  } catch (error) {
    log.warn({ err: error }, "the database does not answer, or cannot write");
    return false;
  }
}

async function checkServer(db: Knex) {
  const settings = ["server_version_num", "server_encoding", "session_replication_role"];
  const { rows } = await db.raw(`select ${settings.map((name) => `current_setting('${name}') as ${name}`).join(", ")}`);
  const { server_version_num, server_encoding, session_replication_role } = rows[0];
  if (Number(server_version_num) < MIN_SERVER_VERSION)
    throw new StartError("DATABASE_URL: expected PostgreSQL 14 or newer");
  if (server_encoding !== "UTF8") {
    throw new StartError(
      `DATABASE_URL: expected a database whose encoding is UTF8, because it must hold every address; ` +
        `this one's is ${server_encoding}. ` +
        "Make one by: create database foyer template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'",
    );
  }
  if (session_replication_role === "replica") {
    throw new StartError(
      "DATABASE_URL: expected session_replication_role to be origin for this database and role: foreign keys must hold",
    );
  }
}

/** knex would write to the console. Callers get its errors anyway. */
function knexLog(log: Logger): NonNullable<Knex.Config["log"]> {
  const debug = (message: unknown) => log.debug(message instanceof Error ? { err: message } : {}, `knex: ${message}`);
  return { warn: debug, error: debug, deprecate: debug, debug };
}

function hideStatement(error: unknown, { sql }: { sql: string }) {
  const statement = `${sql} - `;
  if (error instanceof Error && error.message.startsWith(statement))
    error.message = error.message.slice(statement.length);
}

/** Uses its own connection: waiting for another instance to migrate may take longer than a request is allowed to. */
export async function prepare(source: Source, log: Logger): Promise<void> {
  const db = knex(source.migrating);
  db.on("query-error", hideStatement);
  let isReached = false;
  try {
    // In a transaction, BEGIN goes out alone, so its error arrives even if the server then closes the connection.
    await transaction(db, checkServer);
    isReached = true;
    await migrate(db, log);
  } catch (error) {
    if (error instanceof StartError || !(error instanceof Error)) throw error;
    const toDo =
      isReached || source.setting !== "DATABASE_URL" ? "" : "; check the URL's host, port, user, password and database";
    throw new StartError(`${source.setting}: ${describeError(error)} (${source.description} cannot be used${toDo})`);
  } finally {
    await db.destroy();
  }
}

/** Opens the database and brings its schema up to date. @throws StartError if it cannot be reached or used. */
export async function connect(settings: SourceSettings, log: Logger): Promise<Database> {
  const source = await openSource(settings);
  source.options.log = source.migrating.log = knexLog(log);
  for (const warning of source.warnings) log.warn(warning);
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
    isReady: () => isReady(db, source, log),
    onStatement(listener) {
      db.on("query", ({ sql }: { sql: string }) => {
        if (!OF_TRANSACTION.test(sql)) listener();
      });
    },
    close: async () => {
      stopUpkeep();
      await db.destroy();
      await source.close();
    },
  };
}
