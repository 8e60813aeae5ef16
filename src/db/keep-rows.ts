import type { Knex } from "knex";
import { StartError } from "../config/start-error.ts";
import { getSchema } from "./schema.ts";

/** Locks the tables and refuses to undo a migration that would delete rows. @throws StartError if one has any. */
export async function refuseIfAny(trx: Knex, tables: readonly string[]): Promise<void> {
  const schema = getSchema(trx);
  for (const table of tables) await trx.raw("lock table ??.?? in access exclusive mode", [schema, table]);
  for (const table of tables) {
    if ((await trx(table).first(trx.raw("1"))) === undefined) continue;
    const refusal = new StartError(
      `There are rows in the table ${table} of the schema ${schema}, ` +
        "and undoing this migration would delete them: nothing was done. " +
        "To undo it all the same, keep a copy of the rows and delete them first.",
    );
    delete refusal.stack;
    throw refusal;
  }
}
