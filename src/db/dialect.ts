import type { Knex } from "knex";
import PostgresDialect, { type Statement } from "knex/lib/dialects/postgres/index.js";
import type { Client } from "pg";
import { begin, beginStatement } from "./begin.ts";
import { isReadOnly } from "./faults.ts";
import { withRetries } from "./transaction.ts";

export type DialectSettings = {
  open: () => Promise<Client>;
  statementTimeoutMs: number;
};

/**
 * knex's dialect for PostgreSQL, with every statement in a transaction of known settings.
 * @returns the dialect, and `renew`, which has every open connection replaced before its next use.
 */
export function createDialect({ open, statementTimeoutMs }: DialectSettings): {
  Dialect: typeof Knex.Client;
  renew(): void;
} {
  const beginning = beginStatement(statementTimeoutMs);
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

    /** A lone statement is a transaction, which another connection may have to repeat. */
    override runner(builder: unknown): { run(): Promise<unknown> } {
      const runner = super.runner(builder);
      if (!this.transacting) runner.run = () => withRetries(() => super.runner(builder).run());
      return runner;
    }

    override async _query(connection: Client, statement: Statement): Promise<Statement> {
      try {
        if (statement.sql === "BEGIN;") return await this.begin(connection, statement);
        if (this.transacting) return await super._query(connection, statement);
        return await this.queryAlone(connection, statement);
      } catch (fault) {
        if (isReadOnly(fault)) renew();
        throw fault;
      }
    }

    async begin(connection: Client, statement: Statement): Promise<Statement> {
      try {
        await begin(connection, { text: beginning });
        return statement;
      } catch (fault) {
        trusted.delete(connection);
        throw fault;
      }
    }

    async queryAlone(connection: Client, statement: Statement): Promise<Statement> {
      await this.begin(connection, statement);
      const all = [statement, { sql: "commit" }].map((one) => super._query(connection, one));
      // Or the pool would hand out a connection that is still busy.
      const failed = (await Promise.allSettled(all)).find((result) => result.status === "rejected");
      if (failed) throw failed.reason;
      return statement;
    }
  }
  return { Dialect, renew };
}
