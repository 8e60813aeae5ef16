import type { Knex } from "knex";
import { getSchema } from "../db/schema.ts";

const PAGE_SIZE = 1000;

const REPLAY = `
  update :table: set finished_at = null, outcome = null, attempts = 0, available_at = now(), due_at = now()
  where outcome = 'given_up' and id = any(cast(:ids as bigint[])) returning id`;

export type GivenUpRow = { id: number; finished_at: Date | null; last_response: string | null };

/** Those of a table that were given up: what they are and why, and a way to have them tried again. */
export type GivenUp<Row extends GivenUpRow> = {
  list(): AsyncGenerator<Row[]>;
  /** @returns how many will be tried again. */
  replay(ids: readonly number[]): Promise<number>;
};

async function* pages<Row extends GivenUpRow>(db: Knex, table: string): AsyncGenerator<Row[]> {
  let last: Row | undefined;
  do {
    const page: Row[] = await db(table)
      .where({ outcome: "given_up" })
      .where("id", ">", last?.id ?? 0)
      .orderBy("id")
      .limit(PAGE_SIZE);
    if (page.length > 0) yield page;
    last = page.length === PAGE_SIZE ? page.at(-1) : undefined;
  } while (last);
}

export function openGivenUp<Row extends GivenUpRow>(db: Knex, table: string): GivenUp<Row> {
  return {
    list: () => pages<Row>(db, table),
    async replay(ids) {
      const { rows } = await db.raw(REPLAY, { table: `${getSchema(db)}.${table}`, ids: [...ids] });
      return rows.length;
    },
  };
}
