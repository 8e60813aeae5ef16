import { readdir } from "node:fs/promises";
import { basename, extname } from "node:path";
import type { Knex } from "knex";
import type { Logger } from "pino";
import { StartError } from "../start-error.ts";
import { openSchema, refuseUnlessFree, refuseUnlessUsable, tablesIn } from "./access.ts";

const FOLDER = new URL("../../migrations/", import.meta.url);
const IS_MIGRATION = /^\d+_\w+\.[jt]s$/;
/** Of the name of a migration that a Foyer from before it cannot live with. */
const IS_BREAKING = /^\d+_breaking_/;
const TABLE = "foyer_migrations";

/** knex looks for what the database has had undone in the folder, and hands on what it found there: nothing for a newer Foyer's. */
function known(file: string | undefined): string {
  if (file !== undefined) return file;
  const refusal = new StartError("The last migrations are of a newer Foyer: undo them with that one.");
  delete refusal.stack;
  throw refusal;
}

/** The migrations beside this code, named without their ending: the same whether run from TypeScript or as built. */
const migrationSource: Knex.MigrationSource<string> = {
  getMigrations: async () => (await readdir(FOLDER)).filter((file) => IS_MIGRATION.test(file)).sort(),
  getMigrationName: (file) => basename(known(file), extname(file)),
  getMigration: (file) => import(new URL(known(file), FOLDER).href),
};

/** Under a name of its own: an app beside may use knex too. What knex would refuse as corrupt, a newer Foyer's database, is judged here. */
export const migrations = { migrationSource, tableName: TABLE, disableMigrationsListValidation: true } satisfies Knex.MigratorConfig;

/** Any number, the same for all instances: the key of the advisory lock under which they migrate. */
const MIGRATION_LOCK = 7_033_729;

/** The names of the migrations that the database has had. */
async function migrationsHad(trx: Knex): Promise<string[]> {
  if (!(await tablesIn(trx, [TABLE])).has(TABLE)) return [];
  await refuseUnlessUsable(trx, TABLE);
  return trx(TABLE).orderBy("id").pluck("name");
}

/** Whether this Foyer can work with what others did to the database. */
function judge(unknown: readonly string[], pending: readonly string[], log: Logger) {
  if (unknown.length === 0) return;
  const names = unknown.join(", ");
  if (pending.length > 0) {
    throw new StartError(
      `the database is of another Foyer: it has the migrations ${names} and lacks ${pending.join(", ")}; ` +
        "start the version that it is of, or have this one use a database or a schema (DATABASE_SCHEMA) of its own",
    );
  }
  const breaking = unknown.filter((name) => IS_BREAKING.test(name));
  if (breaking.length > 0) {
    throw new StartError(
      `the database is of a newer Foyer, and this one cannot work with what changed (${breaking.join(", ")}): ` +
        "start the newer version, or go back to a copy of the database from before its migration",
    );
  }
  log.warn({ migrations: unknown }, "the database is of a newer Foyer; what that added does not hinder this one, which serves");
}

/**
 * Brings the schema up to date in one transaction. Instances that start at the same time wait for each other,
 * and one killed half-way leaves nothing behind, no lock either.
 *
 * A database may be newer than this code: after a rollback, or when an instance of the version before restarts during an upgrade. It is
 * served, so **whoever writes a migration** keeps to what the version before can live with: new tables, new columns that
 * may be null or have a default, new indexes; a column is dropped in the version after the one that stopped using it. A migration
 * that has to do more gets a name that begins with `breaking_` after its time (`npx knex migrate:make breaking_…`): the name is
 * what the database keeps of it, and on reading it the version before refuses to start rather than do harm.
 * @throws StartError where the role may not, where tables of others are in the way, or where the database is of a newer Foyer
 * that it cannot work with.
 */
export async function migrate(db: Knex, log: Logger): Promise<void> {
  await db.transaction(async (trx) => {
    await trx.raw("select pg_advisory_xact_lock(?)", [MIGRATION_LOCK]);
    await openSchema(trx);
    const had = await migrationsHad(trx);
    const own = (await migrationSource.getMigrations([])).map((file) => migrationSource.getMigrationName(file));
    const pending = own.filter((name) => !had.includes(name));
    judge(
      had.filter((name) => !own.includes(name)),
      pending,
      log,
    );
    if (pending.length === 0) return;
    await refuseUnlessFree(trx, had.length === 0);
    await trx.migrate.latest(migrations);
  });
}
