import type { Knex } from "knex";
import { StartError } from "../config/start-error.ts";
import { getSchema } from "./schema.ts";

const FIRST = "20261126000000_create_schema";
/** The tables that each migration makes. */
const MAKES: Record<string, readonly string[]> = {
  [FIRST]: ["users", "sign_ups", "verification_tokens", "emails", "rate_limits", "secrets"],
  "20261126140000_add_sessions": ["sessions", "sign_in_failures"],
  "20261126150000_add_password_resets": ["reset_tokens"],
  "20261126160000_add_email_changes_and_deletion": ["email_changes", "email_change_tokens"],
  "20261126170000_add_events": ["events"],
  "20261126180000_add_acceptances": ["acceptances"],
};
const TABLES = Object.values(MAKES).flat();

const KNEX_TABLE = "knex_migrations";
/** The migrations of Foyer before its first release. */
const UNRELEASED = [
  "20261122000000_create_users",
  "20261122100000_create_rate_limits",
  "20261122110000_create_secrets",
  "20261122120000_create_sign_ups_and_mails",
];

function quoteIdentifier(name: string) {
  return `"${name}"`;
}

/** Creates the schema if it is missing. @throws StartError if the role may neither use nor create it. */
export async function createSchemaIfMissing(db: Knex): Promise<void> {
  const schema = getSchema(db);
  const { rows } = await db.raw(
    `select current_user as role, current_database() as database,
       has_database_privilege(current_database(), 'CREATE') as may_make,
       (select has_schema_privilege(oid, 'USAGE') from pg_catalog.pg_namespace where nspname = ?) as may_use`,
    [schema],
  );
  const { role, database, may_make, may_use } = rows[0];
  if (may_use) return;
  if (may_use === false) {
    throw new StartError(
      `DATABASE_SCHEMA: the role ${role} may not use the schema ${schema}: ` +
        `grant all on schema ${quoteIdentifier(schema)} to ${quoteIdentifier(role)}, or name another schema`,
    );
  }
  if (!may_make) {
    throw new StartError(
      `DATABASE_SCHEMA: there is no schema ${schema} in the database ${database}, ` +
        `and the role ${role} may not make one: ` +
        `create schema ${quoteIdentifier(schema)} authorization ${quoteIdentifier(role)}`,
    );
  }
  await db.raw("create schema ??", [schema]);
}

/** Finds which of these tables or views exist, each with whether the role may read and write it. */
export async function findTables(db: Knex, names: readonly string[]): Promise<Map<string, boolean>> {
  const rights = ["SELECT", "INSERT", "UPDATE", "DELETE"].map((right) => `has_table_privilege(c.oid, '${right}')`);
  const { rows } = await db.raw(
    `select relname as name, relkind in ('r', 'p') and ${rights.join(" and ")} as may_use
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = relnamespace
     where nspname = ? and relname = any(?::text[]) order by relname`,
    [getSchema(db), [...names]],
  );
  return new Map(rows.map(({ name, may_use }: { name: string; may_use: boolean }) => [name, may_use]));
}

/** @throws StartError unless the role may read and write Foyer's tables and the migration table. */
export async function refuseUnlessUsable(db: Knex, migrationTable: string): Promise<void> {
  const schema = getSchema(db);
  const tables = await findTables(db, [migrationTable, ...TABLES]);
  const denied = [...tables].filter(([, mayUse]) => !mayUse).map(([name]) => name);
  const { rows } = await db.raw(
    // The table may be another program's, and have no such column.
    `select current_user as role, coalesce(
       (select has_sequence_privilege(pg_get_serial_sequence(name, attname), 'USAGE')
        from format('%I.users', ?::text) name join pg_attribute on attrelid = to_regclass(name) and attname = 'id'),
       true) as may_count`,
    [schema],
  );
  const [{ role, may_count }] = rows;
  if (denied.length === 0 && may_count) return;
  const [what, kind] =
    denied.length > 0 ? [`the tables ${denied.join(", ")}`, "tables"] : ["the sequences of the tables", "sequences"];
  throw new StartError(
    `DATABASE_SCHEMA: the role ${role} may not read and write ${what} in the schema ${schema}: ` +
      `as their owner, grant all on all ${kind} in schema ${quoteIdentifier(schema)} to ${quoteIdentifier(role)}`,
  );
}

const ELSEWHERE = "set DATABASE_SCHEMA to a schema for Foyer alone, such as foyer";

/**
 * @param had the migrations that Foyer's table of migrations names. Before the first release it was knex's own.
 * @throws StartError if the tables are those of a Foyer from before the first release.
 */
export async function refuseUnreleased(db: Knex, had: readonly string[]): Promise<void> {
  const taken = await findTables(db, [...TABLES, KNEX_TABLE]);
  const hasKnex = taken.get(KNEX_TABLE);
  taken.delete(KNEX_TABLE);
  if (taken.size === 0) return;
  const names = [...had, ...(hasKnex ? await db(KNEX_TABLE).pluck("name") : [])];
  if (!names.some((name) => UNRELEASED.includes(name))) return;
  throw new StartError(
    `DATABASE_SCHEMA: an older, unreleased Foyer made the tables in the schema ${getSchema(db)} ` +
      `(${[...taken.keys()].join(", ")}), which nothing upgrades, and they are left as they are: ` +
      `${ELSEWHERE}, or drop them if nobody needs them`,
  );
}

async function refuseTaken(db: Knex, had: readonly string[] | undefined, pending: readonly string[]) {
  const schema = getSchema(db);
  const made = pending.flatMap((name) => MAKES[name] ?? []);
  const taken = [...(await findTables(db, made)).keys()];
  if (taken.length === 0) return;
  if (had && pending.includes(FIRST) && MAKES[FIRST]?.every((name) => taken.includes(name))) {
    throw new StartError(
      `DATABASE_SCHEMA: the schema ${schema} has Foyer's tables already (${taken.join(", ")}), ` +
        `but its table of migrations does not name ${FIRST}, which makes them, and they are left as they are: ` +
        `go back to a whole copy of the database, or ${ELSEWHERE}`,
    );
  }
  throw new StartError(
    `DATABASE_SCHEMA: the schema ${schema} has a table already that this Foyer did not make (${taken.join(", ")}), ` +
      `and it is left as it is: ${ELSEWHERE}`,
  );
}

/**
 * Checks a schema before Foyer creates tables there.
 * @param had the migrations that its table of migrations names, if there is one.
 * @param pending those that it lacks.
 * @throws StartError if the role may not, or if tables with their names are there.
 */
export async function refuseUnlessFree(
  db: Knex,
  had: readonly string[] | undefined,
  pending: readonly string[],
): Promise<void> {
  const schema = getSchema(db);
  await refuseTaken(db, had, pending);
  const { rows } = await db.raw("select current_user as role, has_schema_privilege(?::text, 'CREATE') as may_create", [
    schema,
  ]);
  const [{ role, may_create }] = rows;
  if (may_create) return;
  throw new StartError(
    `DATABASE_SCHEMA: the role ${role} may not make tables in the schema ${schema}: ` +
      `grant all on schema ${quoteIdentifier(schema)} to ${quoteIdentifier(role)}, ` +
      "or set DATABASE_SCHEMA to a schema that it may make, such as foyer",
  );
}
