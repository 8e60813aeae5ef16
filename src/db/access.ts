import type { Knex } from "knex";
import { StartError } from "../start-error.ts";
import { schemaOf } from "./schema.ts";

const TABLES = ["users", "sign_ups", "verification_tokens", "mails", "rate_limits", "secrets"];

/** Quoted as SQL has it, to be copied. */
function quoted(name: string) {
  return `"${name}"`;
}

/**
 * Makes the schema where it is missing. PostgreSQL's own "if not exists" would ask for the right to even where it is there.
 * @throws StartError where the role may neither use nor make it.
 */
export async function openSchema(db: Knex): Promise<void> {
  const schema = schemaOf(db);
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
        `grant all on schema ${quoted(schema)} to ${quoted(role)}, or name another schema`,
    );
  }
  if (!may_make) {
    throw new StartError(
      `DATABASE_SCHEMA: there is no schema ${schema} in the database ${database}, and the role ${role} may not make one: ` +
        `create schema ${quoted(schema)} authorization ${quoted(role)}`,
    );
  }
  await db.raw("create schema ??", [schema]);
}

/** Which of some tables are there (or views of those names, and the like), each with whether the role may read and write it. */
export async function tablesIn(db: Knex, names: readonly string[]): Promise<Map<string, boolean>> {
  const rights = ["SELECT", "INSERT", "UPDATE", "DELETE"].map((right) => `has_table_privilege(c.oid, '${right}')`);
  const { rows } = await db.raw(
    `select relname as name, relkind in ('r', 'p') and ${rights.join(" and ")} as may_use
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = relnamespace
     where nspname = ? and relname = any(?::text[]) order by relname`,
    [schemaOf(db), [...names]],
  );
  return new Map(rows.map(({ name, may_use }: { name: string; may_use: boolean }) => [name, may_use]));
}

/**
 * For tables that Foyer has made, and the one that tells so.
 * @throws StartError where the role may not read and write them all.
 */
export async function refuseUnlessUsable(db: Knex, migrationTable: string): Promise<void> {
  const schema = schemaOf(db);
  const tables = await tablesIn(db, [migrationTable, ...TABLES]);
  const shut = [...tables].filter(([, mayUse]) => !mayUse).map(([name]) => name);
  // A number is promised to a sign-up before there is a row of it.
  const { rows } = await db.raw(
    `select current_user as role, not ?::boolean
       or has_sequence_privilege(pg_get_serial_sequence(format('%I.users', ?::text), 'id'), 'USAGE') as may_count`,
    [tables.has("users"), schema],
  );
  const [{ role, may_count }] = rows;
  if (shut.length === 0 && may_count) return;
  const [what, kind] = shut.length > 0 ? [`the tables ${shut.join(", ")}`, "tables"] : ["the sequences of the tables", "sequences"];
  throw new StartError(
    `DATABASE_SCHEMA: the role ${role} may not read and write ${what} in the schema ${schema}: ` +
      `as their owner, grant all on all ${kind} in schema ${quoted(schema)} to ${quoted(role)}`,
  );
}

/**
 * For a schema in which Foyer is to make its tables, or more of them.
 * @param isFirst whether it has made none there yet.
 * @throws StartError where the role may not, or where something of those names is there.
 */
export async function refuseUnlessFree(db: Knex, isFirst: boolean): Promise<void> {
  const schema = schemaOf(db);
  const taken = isFirst ? [...(await tablesIn(db, TABLES)).keys()] : [];
  if (taken.length > 0) {
    throw new StartError(
      `DATABASE_SCHEMA: the schema ${schema} has a table already that this Foyer did not make (${taken.join(", ")}), and it is left as it is: ` +
        "set DATABASE_SCHEMA to a schema for Foyer alone, such as foyer",
    );
  }
  const { rows } = await db.raw("select current_user as role, has_schema_privilege(?::text, 'CREATE') as may_create", [schema]);
  const [{ role, may_create }] = rows;
  if (may_create) return;
  throw new StartError(
    `DATABASE_SCHEMA: the role ${role} may not make tables in the schema ${schema}: ` +
      `grant all on schema ${quoted(schema)} to ${quoted(role)}, or set DATABASE_SCHEMA to a schema that it may make, such as foyer`,
  );
}
