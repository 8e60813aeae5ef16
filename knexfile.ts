import knex, { type Knex } from "knex";
import { loadConfig } from "./src/config.ts";
import { openSchema } from "./src/db/access.ts";
import { migrations } from "./src/db/migrate.ts";
import { openSource } from "./src/db/source.ts";
import { StartError } from "./src/start-error.ts";

/** knex makes its own tables before anything else, and they need the schema. Whatever else is wrong, the command itself will say. */
async function haveSchema(options: Knex.Config) {
  const db = knex(options);
  await openSchema(db).catch((error: unknown) => {
    if (error instanceof StartError) throw error;
  });
  await db.destroy();
}

/** What the knex command line works on: the database that the service would use, with the same settings. */
export default async function knexfile(): Promise<Knex.Config> {
  const { migrating } = await openSource(loadConfig().database);
  await haveSchema(migrating);
  return { ...migrating, migrations: { ...migrations, extension: "ts" } };
}
