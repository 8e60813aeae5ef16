import type { Knex } from "knex";
import PostgresDialect, { type Statement } from "knex/lib/dialects/postgres/index.js";
import type { Client } from "pg";
import { isReadOnly } from "./faults.ts";
import { withRetries } from "./transaction.ts";

/** Set for each transaction: a pooler passes longer-lived settings on, and may refuse startup parameters. */
function sessionSettings(statementTimeoutMs: number) {
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
    statement_timeout: String(statementTimeoutMs),
    lock_timeout: "0",
    idle_in_transaction_session_timeout: String(statementTimeoutMs),
  };
}

export type DialectSettings = {
  open: () => Promise<Client>;
  statementTimeoutMs: number;
};

/** Each statement gets a transaction of known settings, pipelined to cost no round trip. A timeout of 0 is none. */
export function createDialect({ open, statementTimeoutMs }: DialectSettings): {
  Dialect: typeof Knex.Client;
  renew(): void;
} {
  const settings = Object.entries(sessionSettings(statementTimeoutMs)).map(
    ([name, value]) => `set local ${name} = '${value}'`,
  );
  const begin = ["begin isolation level read committed", ...settings].join("; ");
  // Not a field: knex creates the clients of its transactions without calling the constructor.
  let trusted = new WeakSet<Client>();

  /** A server that becomes read only keeps its connections. All are replaced before use, so that only one fails. */
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
        return await withRetries(() => this.queryAlone(connection, statement));
      } catch (fault) {
        if (isReadOnly(fault)) renew();
        throw fault;
      }
    }

    async queryAlone(connection: Client, statement: Statement): Promise<Statement> {
      const all = [{ sql: begin }, statement, { sql: "commit" }].map((one) => super._query(connection, one));
      // All must end, or the pool would hand out a connection that is still busy.
      const failed = (await Promise.allSettled(all)).find((result) => result.status === "rejected");
      if (failed) throw failed.reason;
      return statement;
    }
  }
  return { Dialect, renew };
}
