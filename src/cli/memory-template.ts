import { writeFile } from "node:fs/promises";
import { prepare } from "../db/connect.ts";
import { openInMemory } from "../db/embedded.ts";
import { leaveOneDatabase } from "../db/one-database.ts";
import { DEFAULT_SCHEMA, inSchema } from "../db/schema.ts";
import { createLog } from "../ops/log.ts";

/** Makes the database that each one in memory begins as, into the file that is named. */
const [, , file = "memory.tar.gz"] = process.argv;
const source = await openInMemory();
await prepare({ ...source, migrating: inSchema(source.migrating, DEFAULT_SCHEMA) }, createLog("silent"));
await leaveOneDatabase(source);
await writeFile(file, await (await source.dump()).bytes());
await source.close();
