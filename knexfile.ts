import knex, { type Knex } from "knex";
import { loadConfig } from "./src/config/environment.ts";
import { reportStartError, StartError } from "./src/config/start-error.ts";
import { findMigrations, migrations } from "./src/db/migrate.ts";
import { openSource } from "./src/db/open-source.ts";
import { transaction } from "./src/db/transaction.ts";

/**
 * knex creates its own tables before anything else. Foyer's refusals come first, each in one line, as at a start, and
 * leave nothing behind. knex reports all other faults itself.
 */
async function prepare(options: Knex.Config) {
  const db = knex(options);
  try {
    await transaction(db, findMigrations);
  } catch (fault) {
    if (!(fault instanceof StartError)) return;
    reportStartError(fault);
    process.exit(1);
  } finally {
    await db.destroy();
  }
}

/** Gives the knex command line the database that the service would use, with the same settings. */
export default async function knexfile(): Promise<Knex.Config> {
  const { migrating } = await openSource(loadConfig().database);
  await prepare(migrating);
  return { ...migrating, migrations: { ...migrations, extension: "ts" } };
}
