import type { Knex } from "knex";
import { refuseIfAny } from "../src/db/keep-rows.ts";

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("events", (table) => {
    table.specificType("id", "bigint generated always as identity primary key");
    // What a receiver tells one from another by: numbers begin anew with another database.
    table.uuid("key").notNullable().defaultTo(knex.raw("gen_random_uuid()"));
    table.text("type").notNullable();
    table.text("consumer").notNullable();
    // No foreign key: that an account was deleted is told after it.
    table.bigInteger("user_id").notNullable().index();
    table.jsonb("data").notNullable();
    table.integer("attempts").notNullable().defaultTo(0);
    table.integer("lease_version").notNullable().defaultTo(0);
    table.timestamp("available_at").notNullable().defaultTo(knex.fn.now());
    table.timestamp("due_at").notNullable().defaultTo(knex.fn.now());
    table.timestamp("finished_at");
    table.text("outcome").checkIn(["sent", "given_up", "dropped"]);
    table.text("last_response");
    table.timestamp("created_at").notNullable().defaultTo(knex.fn.now());
    const waiting = { predicate: knex.whereNull("finished_at") };
    // What may go, what goes before it, and how long the longest waits.
    table.index(["consumer", "available_at", "id"], "events_available_index", waiting);
    table.index(["consumer", "user_id", "id"], "events_order_index", waiting);
    table.index(["due_at"], "events_due_index", waiting);
    // What is deleted, and what may be replayed.
    table.index(["finished_at", "id"], "events_finished_index", { predicate: knex.whereNotNull("finished_at") });
    table.index(["id"], "events_given_up_index", { predicate: knex.whereRaw("outcome = 'given_up'") });
  });
}

export async function down(knex: Knex): Promise<void> {
  // As the migration before does, with which this one may be undone: both or neither.
  await refuseIfAny(knex, ["users", "sign_ups", "emails", "events"]);
  await knex.schema.dropTable("events");
}
