import { setImmediate } from "node:timers/promises";
import { type Model, type QueryBuilder, raw } from "objection";

/** Rows a statement. What hangs on them is deleted with them, and on the embedded database all else waits meanwhile. */
export const BATCH_SIZE = 250;

/** A time as a text that every database reads alike, and that is exact, as a Date is not. */
const EXACT_TIME = `to_char(?? at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

type Row<Id> = { id: Id; at: string };

/**
 * Works oldest first, by the column `time`, and at each row once. Each statement is short however many rows stay, and
 * others have their turn in between.
 */
export async function inBatches<M extends Model, Id extends number | string = number>(
  rows: () => QueryBuilder<M, M[]>,
  { time, id = "id" }: { time: string; id?: string },
  signal: AbortSignal | undefined,
  work: (ids: Id[]) => PromiseLike<unknown>,
): Promise<void> {
  let last: Row<Id> | undefined;
  do {
    const batch = rows()
      .select(`${id} as id`, raw(EXACT_TIME, [time]).as("at"))
      .orderBy([time, id])
      .limit(BATCH_SIZE);
    if (last) batch.whereRaw("(??, ??) > (?::timestamptz, ?)", [time, id, last.at, last.id]);
    const found = await batch.castTo<Row<Id>[]>();
    if (found.length > 0) await work(found.map((row) => row.id));
    last = found.length === BATCH_SIZE ? found.at(-1) : undefined;
    await setImmediate();
  } while (last && !signal?.aborted);
}

/** Deletes batch after batch, until there is less than one. @param deleteBatch resolves to how many it deleted. */
export async function deleteInBatches(deleteBatch: () => PromiseLike<number>, signal?: AbortSignal): Promise<void> {
  while (!signal?.aborted && (await deleteBatch()) === BATCH_SIZE) await setImmediate();
}
