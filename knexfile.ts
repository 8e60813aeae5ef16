import knex, { type Knex } from "knex";
import { loadConfig } from "./src/config/environment.ts";
import { StartError } from "./src/config/start-error.ts";
import { createSchemaIfMissing } from "./src/db/access.ts";
import { migrations } from "./src/db/migrate.ts";
import { openSource } from "./src/db/open-source.ts";

/**
 * knex creates its own tables before anything else, and needs the schema for that. It reports all other faults itself.
 */
async function ensureSchema(options: Knex.Config) {
  const db = knex(options);
  await createSchemaIfMissing(db).catch((error: unknown) => {
    if (error instanceof StartError) throw error;
  });
  await db.destroy();
}

/** Gives the knex command line the database that the service would use, with the same settings. */
export default async function knexfile(): Promise<Knex.Config> {
  const { migrating } = await openSource(loadConfig().database);
  await ensureSchema(migrating);
  return { ...migrating, migrations: { ...migrations, extension: "ts" } };
}
