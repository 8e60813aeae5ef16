import type { Knex } from "knex";
import { StartError } from "../start-error.ts";
import { schemaOf } from "./schema.ts";

/**
 * Keeps a migration from being undone where that would delete what people left: to be called first by a `down` that would.
 * Nobody else can write to the tables from then on, until its transaction ends.
 * @throws StartError which says what to do.
 */
export async function refuseIfAny(trx: Knex, tables: readonly string[]): Promise<void> {
  const schema = schemaOf(trx);
  for (const table of tables) await trx.raw("lock table ??.?? in access exclusive mode", [schema, table]);
  for (const table of tables) {
    if ((await trx(table).first(trx.raw("1"))) === undefined) continue;
    const refusal = new StartError(
      `There are rows in the table ${table} of the schema ${schema}, and to undo this migration would delete them: nothing was done. ` +
        "Keep a copy and delete them first, where that is meant.",
    );
    // The knex command line would show it.
    delete refusal.stack;
    throw refusal;
  }
}
