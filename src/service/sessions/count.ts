import type { Knex } from "knex";
import { getSchema } from "../../db/schema.ts";
import { IS_LIVE } from "./live.ts";

const COUNT = `select count(*) as live from ??.sessions s join ??.users u on u.id = s.user_id where ${IS_LIVE}`;

/** Counts the sessions that have not ended, of all accounts. */
export async function countLiveSessions(db: Knex): Promise<number> {
  const schema = getSchema(db);
  const { rows }: { rows: [{ live: number }] } = await db.raw(COUNT, [schema, schema]);
  return rows[0].live;
}
