import type { Knex } from "knex";
import { refuseIfAny } from "../src/db/keep-rows.ts";

const TABLES = ["users", "sign_ups"];

/** Nullable, because instances of the version before write rows without it. Those get the default. */
export async function up(knex: Knex): Promise<void> {
  for (const name of TABLES) await knex.schema.alterTable(name, (table) => table.text("language"));
}

export async function down(knex: Knex): Promise<void> {
  await refuseIfAny(knex, TABLES);
  for (const name of TABLES) await knex.schema.alterTable(name, (table) => table.dropColumn("language"));
}
