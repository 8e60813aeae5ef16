import { readdir } from "node:fs/promises";
import { basename, extname } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Knex } from "knex";
import type { Logger } from "pino";
import { StartError } from "../config/start-error.ts";
import { createSchemaIfMissing, findTables, refuseUnlessFree, refuseUnlessUsable, refuseUnreleased } from "./access.ts";
import { transaction } from "./transaction.ts";

const FOLDER = new URL("../../migrations/", import.meta.url);
const IS_MIGRATION = /^\d+_\w+\.[jt]s$/;
const IS_BREAKING = /^\d+_breaking_/;
const TABLE = "foyer_migrations";

/** At a rollback knex passes undefined for the file of a newer Foyer's migration. */
function requireKnown(file: string | undefined): string {
  if (file !== undefined) return file;
  const refusal = new StartError("The last migrations are of a newer Foyer: undo them with that one.");
  delete refusal.stack;
  throw refusal;
}

/** Named without extension, so that .ts and .js files are the same migration. */
const migrationSource: Knex.MigrationSource<string> = {
  getMigrations: async () => (await readdir(FOLDER)).filter((file) => IS_MIGRATION.test(file)).sort(),
  getMigrationName: (file) => basename(requireKnown(file), extname(file)),
  getMigration: (file) => import(new URL(requireKnown(file), FOLDER).href),
};

/** Its own table, because an app may use knex too. Whether a newer Foyer's database fits is decided by `migrate`. */
export const migrations = {
  migrationSource,
  tableName: TABLE,
  disableMigrationsListValidation: true,
} satisfies Knex.MigratorConfig;

/** Key of the advisory lock for migrating: any number, the same in all versions. */
const MIGRATION_LOCK = 7_033_729;
const LOCK_POLL_MS = 100;

/** Asked again and again: an instance that is killed while it waits would leave a process of the server waiting. */
async function tryLock(trx: Knex): Promise<boolean> {
  const { rows } = await trx.raw("select pg_try_advisory_xact_lock(?) as is_ours", [MIGRATION_LOCK]);
  return rows[0].is_ours;
}

async function readApplied(trx: Knex): Promise<string[] | undefined> {
  if (!(await findTables(trx, [TABLE])).has(TABLE)) return undefined;
  await refuseUnlessUsable(trx, TABLE);
  return trx(TABLE).orderBy("id").pluck("name");
}

/**
 * Checks that the migrations which a database lacks can run. Creates the schema if it is missing.
 * @returns those that it lacks, and those that it has of a newer Foyer.
 * @throws StartError if they cannot.
 */
export async function findMigrations(trx: Knex): Promise<{ pending: string[]; unknown: string[] }> {
  await createSchemaIfMissing(trx);
  const had = await readApplied(trx);
  const own = (await migrationSource.getMigrations([])).map((file) => migrationSource.getMigrationName(file));
  const pending = own.filter((name) => !had?.includes(name));
  const unknown = had?.filter((name) => !own.includes(name)) ?? [];
  if (pending.length === 0) return { pending, unknown };
  await refuseUnreleased(trx, had ?? []);
  if (unknown.length > 0) {
    throw new StartError(
      `the database is of another Foyer: it has the migrations ${unknown.join(", ")} and lacks ${pending.join(", ")}; ` +
        "start the version that it is of, or have this one use a database or a schema (DATABASE_SCHEMA) of its own",
    );
  }
  await refuseUnlessFree(trx, had, pending);
  return { pending, unknown };
}

function refuseIncompatible(unknown: readonly string[], log: Logger) {
  if (unknown.length === 0) return;
  const breaking = unknown.filter((name) => IS_BREAKING.test(name));
  if (breaking.length > 0) {
    throw new StartError(
      `the database is of a newer Foyer, and this one cannot work with what changed (${breaking.join(", ")}): ` +
        "start the newer version, or go back to a copy of the database from before its migration",
    );
  }
  log.warn(
    { migrations: unknown },
    "the database is of a newer Foyer; this one can work with what changed, and serves",
  );
}

/**
 * Migrates in one transaction: other instances wait, and one that is killed leaves nothing behind, not even the lock.
 * After a rollback or during an upgrade, old code serves a newer database. So a migration may only add tables, indexes,
 * and columns that are nullable or have a default. A column is dropped one version after its last use. A migration that
 * must do more is named `breaking_…`: the version before reads the name in the database and refuses to start.
 * @throws StartError for that, for rights that the role lacks, and for another program's tables.
 */
export async function migrate(db: Knex, log: Logger): Promise<void> {
  await transaction(db, async (trx) => {
    while (!(await tryLock(trx))) await setTimeout(LOCK_POLL_MS);
    const { pending, unknown } = await findMigrations(trx);
    refuseIncompatible(unknown, log);
    if (pending.length > 0) await trx.migrate.latest(migrations);
  });
}
