import type { Knex } from "knex";
import PostgresDialect from "knex/lib/dialects/postgres/index.js";

/** Where PostgreSQL keeps what is in no schema of its own. */
export const DEFAULT_SCHEMA = "public";

/**
 * Has every query and every migration name the schema of its tables. That needs no state of the connection, which a transaction pooler
 * does not keep, and no search_path of a role or a database leads it elsewhere.
 */
export function inSchema(options: Knex.Config, schema: string): Knex.Config {
  const Dialect = typeof options.client === "function" ? options.client : PostgresDialect;
  class DialectInSchema extends Dialect {
    // On the prototype, which knex's clients for transactions share.
    get schemaOfTables() {
      return schema;
    }
    override queryBuilder() {
      return super.queryBuilder().withSchema(schema);
    }
    override schemaBuilder() {
      return super.schemaBuilder().withSchema(schema);
    }
  }
  return { ...options, client: DialectInSchema };
}

/** The schema of a handle's tables, for what is written in SQL. */
export function schemaOf(db: Knex): string {
  const schema: unknown = db.client.schemaOfTables;
  return typeof schema === "string" ? schema : DEFAULT_SCHEMA;
}
