import { readdir } from "node:fs/promises";
import { basename, extname } from "node:path";
import type { Knex } from "knex";

const FOLDER = new URL("../../migrations/", import.meta.url);
const IS_MIGRATION = /^\d+_\w+\.[jt]s$/;

/** The migrations beside this code, named without their ending: the same whether run from TypeScript or as built. */
export const migrationSource: Knex.MigrationSource<string> = {
  getMigrations: async () => (await readdir(FOLDER)).filter((file) => IS_MIGRATION.test(file)).sort(),
  getMigrationName: (file) => basename(file, extname(file)),
  getMigration: (file) => import(new URL(file, FOLDER).href),
};

/** Any number, the same for all instances: the key of the advisory lock under which they migrate. */
const MIGRATION_LOCK = 7_033_729;

/**
 * Brings the schema up to date in one transaction. Instances that start at the same time wait for each other,
 * and one killed half-way leaves nothing behind, no lock either.
 */
export async function migrate(db: Knex): Promise<void> {
  await db.transaction(async (trx) => {
    await trx.raw("select pg_advisory_xact_lock(?)", [MIGRATION_LOCK]);
    await trx.migrate.latest({ migrationSource });
  });
}
