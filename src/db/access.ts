import type { Knex } from "knex";
import { StartError } from "../config/start-error.ts";
import { getSchema } from "./schema.ts";

const TABLES = ["users", "sign_ups", "verification_tokens", "emails", "rate_limits", "secrets"];

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
    `select current_user as role, not ?::boolean
       or has_sequence_privilege(pg_get_serial_sequence(format('%I.users', ?::text), 'id'), 'USAGE') as may_count`,
    [tables.has("users"), schema],
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

/** @param isFirst whether Foyer has no tables yet. @throws StartError if it may make none or their names are taken. */
export async function refuseUnlessFree(db: Knex, isFirst: boolean): Promise<void> {
  const schema = getSchema(db);
  const taken = isFirst ? [...(await findTables(db, TABLES)).keys()] : [];
  if (taken.length > 0) {
    throw new StartError(
      `DATABASE_SCHEMA: the schema ${schema} has a table already that this Foyer did not make (${taken.join(", ")}), ` +
        "and it is left as it is: set DATABASE_SCHEMA to a schema for Foyer alone, such as foyer",
    );
  }
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
