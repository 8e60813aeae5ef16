import type { Knex } from "knex";
import { refuseIfAny } from "../src/db/keep-rows.ts";
import { getSchema } from "../src/db/schema.ts";

async function createSessions(knex: Knex, schema: string) {
  await knex.schema.createTable("sessions", (table) => {
    table.specificType("id", "bigint generated always as identity primary key");
    table.text("token_hash").notNullable().unique();
    table.bigInteger("user_id").notNullable().references("id").inTable(`${schema}.users`).onDelete("CASCADE").index();
    table.integer("epoch").notNullable();
    table.text("kind").notNullable().checkIn(["browser", "kept", "bearer"]);
    table.integer("idle_seconds").notNullable();
    table.timestamp("expires_at").notNullable().index();
    table.timestamp("authenticated_at").notNullable().defaultTo(knex.fn.now());
    // Without an index, so that writing it touches the row alone.
    table.timestamp("last_seen_at").notNullable().defaultTo(knex.fn.now());
    table.timestamp("created_at").notNullable().defaultTo(knex.fn.now());
    table.text("ip").notNullable();
    table.text("user_agent").notNullable();
  });
  // Leaves room in each page for the next version of a row.
  await knex.raw("alter table ??.sessions set (fillfactor = 80)", [schema]);
}

/** Failed sign-ins in a row, by whom: the keys are digests. Of addresses without an account too, for none may differ. */
async function createSignInFailures(knex: Knex) {
  await knex.schema.createTable("sign_in_failures", (table) => {
    table.text("key").primary();
    // No foreign key: its check would tell whose account is locked.
    table.bigInteger("user_id");
    table.integer("failures").notNullable();
    table.timestamp("failed_at").notNullable().defaultTo(knex.fn.now());
    table.index(["failed_at", "key"]);
  });
}

/** Nullable or with a default, because instances of the version before write rows without them. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("users", (table) => {
    table.integer("session_epoch").notNullable().defaultTo(0);
    table.timestamp("disabled_at");
  });
  await createSessions(knex, getSchema(knex));
  await createSignInFailures(knex);
}

export async function down(knex: Knex): Promise<void> {
  await refuseIfAny(knex, ["users", "sign_ups", "emails"]);
  await knex.schema.dropTable("sign_in_failures");
  await knex.schema.dropTable("sessions");
  await knex.schema.alterTable("users", (table) => table.dropColumns("session_epoch", "disabled_at"));
}
