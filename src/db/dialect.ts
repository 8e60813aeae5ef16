import type { Knex } from "knex";
import PostgresDialect, { type Statement } from "knex/lib/dialects/postgres/index.js";
import type { Client } from "pg";
import { isReadOnly } from "./faults.ts";
import { retried } from "./transaction.ts";

/**
 * What a transaction is to find whatever is set for the database, the role or the server. It is set for that transaction alone: what lasts
 * longer, a pooler would hand to others, and what is asked for when connecting it may refuse. Whether it may write is
 * left as it is, for that is how a server is fenced off before a switch-over.
 */
function settingsOf(statementMs: number) {
  return {
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
    statement_timeout: String(statementMs),
    lock_timeout: "0",
    idle_in_transaction_session_timeout: String(statementMs),
  };
}

export type DialectSettings = {
  /** Makes a connection to a server that may be written to. */
  open: () => Promise<Client>;
  /** Milliseconds after which the server ends a statement; 0 for never. */
  statementMs: number;
};

/**
 * knex's dialect for PostgreSQL, where every statement runs in a transaction that looks the same on every server and through every
 * pooler. A statement alone is sent together with the begin and the end of its own: that costs no round trip.
 */
export function createDialect({ open, statementMs }: DialectSettings): { Dialect: typeof Knex.Client; renew(): void } {
  const settings = Object.entries(settingsOf(statementMs)).map(([name, value]) => `set local ${name} = '${value}'`);
  const begin = ["begin isolation level read committed", ...settings].join("; ");
  // Not a field: knex makes the clients of its transactions without the constructor.
  let trusted = new WeakSet<Client>();

  /** Connections to a server that became read only stay open: all of them are let go, since the others would say so one by one. */
  function renew() {
    trusted = new WeakSet();
  }

  class Dialect extends PostgresDialect {
    override async acquireRawConnection() {
      const connection = await open();
      trusted.add(connection);
      return connection;
    }

    override async validateConnection(connection: Client) {
      return trusted.has(connection);
    }

    override async _query(connection: Client, statement: Statement): Promise<Statement> {
      try {
        if (statement.sql === "BEGIN;") return await super._query(connection, { sql: begin });
        if (this.transacting) return await super._query(connection, statement);
        return await retried(() => this.queryAlone(connection, statement));
      } catch (fault) {
        if (isReadOnly(fault)) renew();
        throw fault;
      }
    }

    async queryAlone(connection: Client, statement: Statement): Promise<Statement> {
      const all = [{ sql: begin }, statement, { sql: "commit" }].map((one) => super._query(connection, one));
      // Not before the last has ended, or the connection would be given to the next while it is busy.
      const failed = (await Promise.allSettled(all)).find((result) => result.status === "rejected");
      if (failed) throw failed.reason;
      return statement;
    }
  }
  return { Dialect, renew };
}
