import type { Knex } from "knex";

/** Nullable or with a default, because instances of the version before write rows without them. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("sign_ups", (table) => {
    table.text("user_agent");
    table.integer("password_tries").notNullable().defaultTo(0);
  });
  await knex.schema.alterTable("emails", (table) => {
    // Whom an email goes to, apart from tags, and at which domain; and which network asked for it.
    table.text("mailbox");
    table.text("domain");
    table.text("network");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable("emails", (table) => table.dropColumns("mailbox", "domain", "network"));
  await knex.schema.alterTable("sign_ups", (table) => table.dropColumns("user_agent", "password_tries"));
}
