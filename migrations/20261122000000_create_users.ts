import type { Knex } from "knex";
import { refuseIfAny } from "../src/db/keep-rows.ts";

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("users", (table) => {
    table.specificType("id", "bigint generated always as identity primary key");
    table.text("email").notNullable();
    table.text("email_key").notNullable().unique();
    table.text("hashed_password").notNullable();
    table.timestamps(true, true);
  });
}

export async function down(knex: Knex): Promise<void> {
  await refuseIfAny(knex, ["users"]);
  await knex.schema.dropTable("users");
}
