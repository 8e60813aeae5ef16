import type { Knex } from "knex";
import { refuseIfAny } from "../src/db/keep-rows.ts";

/** Nullable or with a default, because instances of the version before write rows without them. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("sign_ups", (table) => {
    table.text("user_agent");
    table.integer("password_tries").notNullable().defaultTo(0);
  });
  await knex.schema.alterTable("emails", (table) => {
    // Whom an email goes to, apart from tags, and at which domain; and which network caused it. Ordered by their bytes,
    // so that there is a greatest one.
    for (const name of ["mailbox", "domain", "network"])
      table.specificType(name, 'text collate "C"').notNullable().defaultTo("");
    table.boolean("is_held").notNullable().defaultTo(false);
    table.timestamp("due_at").notNullable().defaultTo(knex.fn.now());
    table.timestamp("admitted_at");
    const ready = { predicate: knex.whereRaw("finished_at is null and not is_held") };
    const held = { predicate: knex.whereRaw("finished_at is null and is_held") };
    const admitted = { predicate: knex.whereNotNull("admitted_at") };
    // Who waits, and how long the longest.
    table.index(["network", "domain", "available_at", "id"], "emails_ready_index", ready);
    table.index(["due_at"], "emails_ready_due_at_index", ready);
    // What went lately.
    table.index(["admitted_at"], "emails_admitted_index", admitted);
    table.index(["mailbox", "admitted_at"], "emails_admitted_mailbox_index", admitted);
    table.index(["network", "domain", "admitted_at"], "emails_admitted_domain_index", admitted);
    // What is held back.
    table.index(["available_at", "id"], "emails_held_index", held);
    table.index(["email_key", "network"], "emails_held_email_key_index", held);
    table.index(["mailbox", "network", "available_at"], "emails_held_mailbox_index", held);
    table.index(["network", "domain", "available_at"], "emails_held_domain_index", held);
  });
}

export async function down(knex: Knex): Promise<void> {
  // As the migration before does, with which this one may be undone: both or neither.
  await refuseIfAny(knex, ["users", "sign_ups", "emails"]);
  await knex.schema.alterTable("emails", (table) =>
    table.dropColumns("mailbox", "domain", "network", "is_held", "due_at", "admitted_at"),
  );
  await knex.schema.alterTable("sign_ups", (table) => table.dropColumns("user_agent", "password_tries"));
}
