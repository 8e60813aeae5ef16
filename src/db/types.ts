import pg, { type CustomTypesConfig } from "pg";

const INT8 = 20;

/**
 * How values come back from both databases: as node-postgres reads them, but a bigint as a number.
 * Identity columns count from 1, so they stay exact up to 2^53.
 */
export const types: CustomTypesConfig = {
  getTypeParser: (oid: number) => (oid === INT8 ? Number : pg.types.getTypeParser(oid, "text")),
};
