import type { Knex } from "knex";
import { schemaOf } from "../src/db/schema.ts";

/** The table that rate-limiter-flexible expects. Unlogged: to count must not cost a write to the disk, and a crash may forget it. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("rate_limits", (table) => {
    table.string("key", 255).primary();
    table.integer("points").notNullable().defaultTo(0);
    table.bigInteger("expire").index();
  });
  await knex.raw("alter table ??.rate_limits set unlogged", [schemaOf(knex)]);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("rate_limits");
}
