import type { Knex } from "knex";

/** What knex's pool (tarn) tells of itself. */
type Pool = { max: number; numUsed(): number; numFree(): number; numPendingAcquires(): number };

/** How many connections are used and how many idle, how many queries wait for one, and how many may be open. */
export function poolUse(db: Knex): { used: number; idle: number; waiting: number; max: number } {
  const pool: Pool = db.client.pool;
  return { used: pool.numUsed(), idle: pool.numFree(), waiting: pool.numPendingAcquires(), max: pool.max };
}
