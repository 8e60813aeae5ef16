import type { Knex } from "knex";
import { loadConfig } from "./src/config.ts";
import { migrations } from "./src/db/migrate.ts";
import { openSource } from "./src/db/source.ts";

/** What the knex command line works on: the database that the service would use, with the same settings. */
export default async function knexfile(): Promise<Knex.Config> {
  const { options } = await openSource(loadConfig().database);
  return { ...options, pool: { min: 0, max: 1 }, migrations: { ...migrations, extension: "ts" } };
}
