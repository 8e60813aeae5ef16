import knex, { type Knex } from "knex";
import PostgresDialect, { type Statement } from "knex/lib/dialects/postgres/index.js";
import type { Client } from "pg";
import { getSchema, inSchema } from "./schema.ts";
import { withTypes } from "./types.ts";

class Dialect extends PostgresDialect {
  override _query(connection: Client, statement: Statement): Promise<Statement> {
    return super._query(connection, withTypes(statement));
  }
}

/** A transaction of an app's own knex, which may be of another version. */
export type AppTransaction = Pick<Knex.Transaction, "client" | "isCompleted">;

/**
 * Makes a handle by which statements of Foyer's are part of a transaction that an app began, with a knex of its own.
 * @param db the handle whose schema has Foyer's tables.
 */
export function within(trx: AppTransaction, db: Knex): Knex {
  if (trx.isCompleted()) throw new Error("the transaction is over");
  const connectionPool = {
    acquire: () => ({ promise: trx.client.acquireConnection() }),
    release: () => true,
    destroy: async () => {},
    ...{ numUsed: () => 1, numFree: () => 0, numPendingAcquires: () => 0 },
  };
  return knex(inSchema({ client: Dialect, connectionPool }, getSchema(db)));
}
