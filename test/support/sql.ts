import pg from "pg";
import type { TestDatabase } from "./database.ts";

/** Runs statements on a test's database, as its owner would with psql. */
export async function onDatabase({ env }: Pick<TestDatabase, "env">, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: env["DATABASE_URL"] });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}
