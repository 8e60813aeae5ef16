import PostgresDialect, { type Statement } from "knex/lib/dialects/postgres/index.js";
import type { Client } from "pg";
import { type Bounds, begin, beginStatement } from "./begin.ts";
import { isReadOnly, Unreachable } from "./faults.ts";
import { openWithin, refuseIfCrowded } from "./pool.ts";
import type { SilenceWatch } from "./silence.ts";
import { withRetries } from "./transaction.ts";

export type DialectSettings = {
  /** None where an app's pool opens them. */
  open?: () => Promise<Client>;
  /** The server's, below what the client takes for silence: so whatever Foyer waits for no more has ended there. */
  bounds: Bounds;
  /** How long a transaction may take before it gets no further statement; 0 for ever. */
  transactionMs: number;
  silence: SilenceWatch;
};

/** Each statement of a transaction may wait just below its bound, and hold its locks meanwhile. */
function createDeadline(transactionMs: number) {
  const begunAt = new WeakMap<Client, number>();
  return {
    start: (connection: Client) => begunAt.set(connection, performance.now()),
    check(connection: Client) {
      const tookMs = performance.now() - (begunAt.get(connection) ?? 0);
      if (transactionMs > 0 && tookMs > transactionMs) throw new Unreachable("the transaction takes too long");
    },
  };
}

/** Asks several things in one write, as each wakes the server. @throws the first fault, once all are answered. */
async function askAtOnce({ connection: { stream } }: Client, ask: () => Promise<unknown>[]): Promise<void> {
  stream.cork();
  const asked = ask();
  stream.uncork();
  // Or the pool would hand out a connection that is still busy.
  const answers = await Promise.allSettled(asked);
  const failed = answers.find((answer) => answer.status === "rejected");
  if (failed) throw failed.reason;
}

/**
 * knex's dialect for PostgreSQL, with every statement in a transaction of known settings.
 * @returns the dialect, and `renew`, which has every open connection replaced before its next use.
 */
export function createDialect({ open, bounds, transactionMs, silence }: DialectSettings): {
  Dialect: typeof PostgresDialect;
  renew(): void;
} {
  const beginning = beginStatement(bounds);
  const openInPlace = open && openWithin(silence, open);
  const deadline = createDeadline(transactionMs);
  // Not a field: knex creates the clients of its transactions without calling the constructor.
  let trusted = new WeakSet<Client>();

  /** A server that becomes read only keeps its connections. All are replaced before use, so that only one fails. */
  function renew() {
    trusted = new WeakSet();
  }

  class Dialect extends PostgresDialect {
    override async acquireConnection() {
      refuseIfCrowded(this);
      return super.acquireConnection();
    }

    override async acquireRawConnection() {
      if (!openInPlace) throw new Error("the pool is not to open connections by this");
      const connection = await openInPlace(this);
      trusted.add(connection);
      return connection;
    }

    override async destroyRawConnection(connection: Client) {
      if (!silence.isLeft(connection)) await super.destroyRawConnection(connection);
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
        if (!this.transacting) return await this.queryAlone(connection, statement);
        if (statement.sql === "COMMIT;")
          return await silence.committing(connection, () => super._query(connection, statement));
        if (statement.sql !== "ROLLBACK") deadline.check(connection);
        return await super._query(connection, statement);
      } catch (fault) {
        if (isReadOnly(fault)) renew();
        throw fault;
      }
    }

    async begin(connection: Client, statement: Statement): Promise<Statement> {
      deadline.start(connection);
      try {
        await begin(connection, { text: beginning });
        return statement;
      } catch (fault) {
        connection.__knex__disposed = fault;
        throw fault;
      }
    }

    async queryAlone(connection: Client, statement: Statement): Promise<Statement> {
      await this.begin(connection, statement);
      const ask = () => [statement, { sql: "commit" }].map((one) => super._query(connection, one));
      await silence.committing(connection, () => askAtOnce(connection, ask));
      return statement;
    }
  }
  return { Dialect, renew };
}
