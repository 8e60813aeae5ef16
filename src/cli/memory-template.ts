import { writeFile } from "node:fs/promises";
import knex from "knex";
import { prepare } from "../db/connect.ts";
import { openInMemory } from "../db/embedded.ts";
import { DEFAULT_SCHEMA, inSchema } from "../db/schema.ts";
import type { Source } from "../db/source.ts";
import { createLog } from "../ops/log.ts";

/** Nobody creates another database there, and unpacking those that one begins as takes a third of a start's time. */
async function dropOtherDatabases({ migrating }: Source) {
  const db = knex(migrating);
  const others = () => db("pg_database").whereRaw("datname <> current_database()");
  await others().update({ datistemplate: false });
  for (const { datname } of await others().select("datname")) await db.raw("drop database ??", [datname]);
  await db.raw("checkpoint");
  await db.destroy();
}

/** Makes the database that each one in memory begins as, into the file that is named. */
const [, , file = "memory.tar.gz"] = process.argv;
const source = await openInMemory();
await prepare({ ...source, migrating: inSchema(source.migrating, DEFAULT_SCHEMA) }, createLog("silent"));
await dropOtherDatabases(source);
await writeFile(file, await (await source.dump()).bytes());
await source.close();
