import type { Knex } from "knex";
import type { DatabaseSettings } from "../config/environment.ts";

/** An app's own knex, which may be of another version. */
export type AppKnex = Pick<Knex, "client">;

/** Where the tables are: as the settings say, or as an app's own code does. */
export type SourceSettings = DatabaseSettings | (({ memory: true } | { knex: AppKnex }) & { schema?: string });

export type Source = {
  options: Knex.Config;
  migrating: Knex.Config;
  renew(): void;
  /** For the operator, so without a password. */
  description: string;
  setting: "DATABASE_URL" | "DATA_DIR" | "memory" | "knex";
  warnings: readonly string[];
  close(): Promise<void>;
};
