import type { Knex } from "knex";
import { refuseIfAny } from "../src/db/keep-rows.ts";
import { getSchema } from "../src/db/schema.ts";

async function createEmailChanges(knex: Knex, schema: string) {
  await knex.schema.createTable("email_changes", (table) => {
    table.specificType("id", "bigint generated always as identity primary key");
    table.bigInteger("user_id").notNullable().references("id").inTable(`${schema}.users`).onDelete("CASCADE").index();
    // The account's when it was asked for: with another one nobody can make the change any more.
    table.integer("epoch").notNullable();
    for (const name of ["old_email", "old_email_key", "new_email", "new_email_key"]) table.text(name).notNullable();
    table.text("outcome").checkIn(["done", "superseded", "cancelled", "undone"]);
    table.timestamp("changed_at");
    table.timestamp("created_at").notNullable().defaultTo(knex.fn.now());
    table.index(["created_at", "id"]);
  });
  await knex.schema.createTable("email_change_tokens", (table) => {
    table.text("token_hash").primary();
    table
      .bigInteger("email_change_id")
      .notNullable()
      .references("id")
      .inTable(`${schema}.email_changes`)
      .onDelete("CASCADE")
      .index();
    table.text("purpose").notNullable().checkIn(["confirm", "undo"]);
    table.timestamp("expires_at").notNullable().index();
  });
}

/** Nullable, because instances of the version before write rows without them. */
export async function up(knex: Knex): Promise<void> {
  const schema = getSchema(knex);
  await knex.schema.alterTable("users", (table) => {
    table.timestamp("deletes_at");
    table.index(["deletes_at", "id"], undefined, { predicate: knex.whereNotNull("deletes_at") });
  });
  await knex.schema.alterTable("emails", (table) => {
    // Those that are about an account go with it.
    table.bigInteger("user_id").references("id").inTable(`${schema}.users`).onDelete("CASCADE").index();
    table.jsonb("details");
  });
  await createEmailChanges(knex, schema);
}

export async function down(knex: Knex): Promise<void> {
  await refuseIfAny(knex, ["users", "sign_ups", "emails"]);
  await knex.schema.dropTable("email_change_tokens");
  await knex.schema.dropTable("email_changes");
  await knex.schema.alterTable("emails", (table) => table.dropColumns("user_id", "details"));
  await knex.schema.alterTable("users", (table) => table.dropColumn("deletes_at"));
}
