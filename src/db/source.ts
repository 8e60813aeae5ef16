import type { Knex } from "knex";

export type Source = {
  options: Knex.Config;
  migrating: Knex.Config;
  renew(): void;
  /** For the operator, so without a password. */
  description: string;
  setting: "DATABASE_URL" | "DATA_DIR" | "memory";
  warnings: readonly string[];
  close(): Promise<void>;
};
