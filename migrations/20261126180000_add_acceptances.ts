import type { Knex } from "knex";
import { refuseIfAny } from "../src/db/keep-rows.ts";
import { getSchema } from "../src/db/schema.ts";

/** What people agreed to. A sign-up's is of nobody until its account is claimed, and then is written again as theirs. */
export async function up(knex: Knex): Promise<void> {
  const schema = getSchema(knex);
  await knex.schema.createTable("acceptances", (table) => {
    table.specificType("id", "bigint generated always as identity primary key");
    table.bigInteger("user_id").references("id").inTable(`${schema}.users`).onDelete("CASCADE");
    table.bigInteger("sign_up_id").references("id").inTable(`${schema}.sign_ups`).onDelete("CASCADE").index();
    for (const name of ["url", "version", "ip", "language"]) table.text(name).notNullable();
    table.timestamp("accepted_at").notNullable().defaultTo(knex.fn.now());
    table.index(["user_id", "version"]);
  });
}

export async function down(knex: Knex): Promise<void> {
  await refuseIfAny(knex, ["acceptances"]);
  await knex.schema.dropTable("acceptances");
}
