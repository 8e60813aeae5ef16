import type { Knex } from "knex";

/** Keys that all instances share and nobody has to set. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("secrets", (table) => {
    table.text("name").primary();
    table.binary("value").notNullable();
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("secrets");
}
