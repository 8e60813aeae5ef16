import type { Knex } from "knex";
import { refuseIfAny } from "../src/db/keep-rows.ts";
import { getSchema } from "../src/db/schema.ts";

/** With a default, because instances of the version before write emails without it. Those are all to verify. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("emails", (table) => {
    table.text("purpose").notNullable().defaultTo("verify");
  });
  await knex.schema.createTable("reset_tokens", (table) => {
    table.text("token_hash").primary();
    table
      .bigInteger("user_id")
      .notNullable()
      .references("id")
      .inTable(`${getSchema(knex)}.users`)
      .onDelete("CASCADE")
      .index();
    table.timestamp("expires_at").notNullable().index();
    // By which link a password was set, or which were void when that happened.
    table.timestamp("used_at");
  });
}

export async function down(knex: Knex): Promise<void> {
  await refuseIfAny(knex, ["users", "sign_ups", "emails"]);
  await knex.schema.dropTable("reset_tokens");
  await knex.schema.alterTable("emails", (table) => table.dropColumn("purpose"));
}
