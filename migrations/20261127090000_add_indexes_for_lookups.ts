import type { Knex } from "knex";

/** So that what strangers make costs its owner nothing: sign-ups at an address, and guesses at others' passwords. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("sign_ups", (table) => {
    table.index(["email_key", "id"], "sign_ups_open_index", { predicate: knex.whereNull("outcome") });
  });
  await knex.schema.alterTable("sign_in_failures", (table) => {
    table.index(["user_id"], "sign_in_failures_user_id_index", { predicate: knex.whereNotNull("user_id") });
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable("sign_in_failures", (table) => table.dropIndex([], "sign_in_failures_user_id_index"));
  await knex.schema.alterTable("sign_ups", (table) => table.dropIndex([], "sign_ups_open_index"));
}
