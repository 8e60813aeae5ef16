import { DEFAULT_SCHEMA, inSchema } from "./schema.ts";
import type { Source, SourceSettings } from "./source.ts";

async function open(settings: SourceSettings): Promise<Source> {
  if ("url" in settings) {
    const { postgres } = await import("./postgres.ts");
    return postgres(settings);
  }
  if ("knex" in settings) {
    const { appKnex } = await import("./app-knex.ts");
    return appKnex(settings.knex);
  }
  const { openEmbedded, openInMemory } = await import("./embedded.ts");
  return "memory" in settings ? openInMemory() : openEmbedded(settings.dataDir);
}

/** Loads only the chosen database: the embedded one takes 200 MB. @throws StartError if its folder cannot be used. */
export async function openSource(settings: SourceSettings): Promise<Source> {
  const source = await open(settings);
  const schema = settings.schema ?? DEFAULT_SCHEMA;
  return { ...source, options: inSchema(source.options, schema), migrating: inSchema(source.migrating, schema) };
}
