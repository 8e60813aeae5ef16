import type { Client, QueryConfig } from "pg";
import { markUnbegun } from "./faults.ts";

/** Longer than any server that answers takes. After silence, a second try would only take as long again. */
const PROMPT_MS = 1000;

/** How long the server may work on a statement, and wait for one lock, before it gives up by itself; 0 for ever. */
export type Bounds = { statementMs: number; lockMs: number };

/**
 * Set for each transaction: a pooler passes longer-lived settings on, and may refuse startup parameters. Time-outs come
 * first, since until then the session's own count. Only the system's functions are found: others may have their names.
 */
function sessionSettings({ statementMs, lockMs }: Bounds) {
  return {
    statement_timeout: String(statementMs),
    lock_timeout: String(lockMs),
    idle_in_transaction_session_timeout: String(statementMs),
    search_path: "pg_catalog, pg_temp",
    client_encoding: "UTF8",
    datestyle: "ISO",
    intervalstyle: "postgres",
    timezone: "UTC",
    bytea_output: "hex",
    extra_float_digits: "1",
    standard_conforming_strings: "on",
    transform_null_equals: "off",
    array_nulls: "on",
    exit_on_error: "off",
  };
}

/** The statement that begins a transaction of known settings. */
export function beginStatement(bounds: Bounds): string {
  // One text: where a setting fails, the transaction that it is in has failed.
  const settings = Object.entries(sessionSettings(bounds)).map(([name, value]) =>
    name === "search_path" ? `set local ${name} = ${value}` : `set local ${name} = '${value}'`,
  );
  return ["begin isolation level read committed", ...settings].join("; ");
}

/**
 * Begins a transaction. Waits for the answer before anything else is sent: what follows a failed `begin` would run
 * without a transaction, under the session's own settings. After a failure the connection must not be used again.
 */
export async function begin(client: Client, statement: QueryConfig): Promise<void> {
  const started = performance.now();
  try {
    await client.query(statement);
  } catch (fault) {
    if (performance.now() - started < PROMPT_MS) markUnbegun(fault);
    throw fault;
  }
}
