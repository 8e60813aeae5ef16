import type { Knex } from "knex";
import type { DatabaseSettings } from "../config.ts";
import { DEFAULT_SCHEMA, inSchema } from "./schema.ts";

/** A database to connect to: what knex needs for it, its name for the operator (never a password), and how to let go of it. */
export type Source = {
  options: Knex.Config;
  /** The same on one connection, where statements may take as long as they need. */
  migrating: Knex.Config;
  /** Has the pool's connections replaced by new ones before they are used again. */
  renew(): void;
  description: string;
  /** The setting that chose it. */
  setting: "DATABASE_URL" | "DATA_DIR";
  /** What the operator should know about how it was found. */
  remarks: readonly string[];
  close(): Promise<void>;
};

async function open(settings: DatabaseSettings): Promise<Source> {
  if ("url" in settings) {
    const { postgres } = await import("./postgres.ts");
    return postgres(settings);
  }
  const { openEmbedded } = await import("./embedded.ts");
  return openEmbedded(settings.dataDir);
}

/**
 * Finds the database that the settings name. The embedded one is loaded only where it is used: it takes some 200 MB.
 * @throws StartError when the embedded database's folder cannot be used.
 */
export async function openSource(settings: DatabaseSettings): Promise<Source> {
  const source = await open(settings);
  const schema = settings.schema ?? DEFAULT_SCHEMA;
  return { ...source, options: inSchema(source.options, schema), migrating: inSchema(source.migrating, schema) };
}
