import type { Statement } from "knex/lib/dialects/postgres/index.js";
import pg, { type CustomTypesConfig } from "pg";

const INT8 = 20;

/** node-postgres's parsers, but a bigint becomes a number. Identity columns count from 1, so they stay below 2^53. */
export const types: CustomTypesConfig = {
  getTypeParser: (oid: number) => (oid === INT8 ? Number : pg.types.getTypeParser(oid, "text")),
};

/** Has a statement read by these parsers, on a connection that is an app's and has others. */
export function withTypes(statement: Statement): Statement {
  return Object.assign(statement, { options: { types } });
}
