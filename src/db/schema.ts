import type { Knex } from "knex";
import PostgresDialect from "knex/lib/dialects/postgres/index.js";

export const DEFAULT_SCHEMA = "public";

/** Names the schema in every query, because a pooler does not keep `search_path`, and a role may set it otherwise. */
export function inSchema(options: Knex.Config, schema: string): Knex.Config {
  const Dialect = typeof options.client === "function" ? options.client : PostgresDialect;
  class DialectInSchema extends Dialect {
    // A getter on the prototype, because knex's clients for transactions share that alone.
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

/** The schema of a handle's tables, for raw SQL. */
export function getSchema(db: Knex): string {
  const schema: unknown = db.client.schemaOfTables;
  return typeof schema === "string" ? schema : DEFAULT_SCHEMA;
}
