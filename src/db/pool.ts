import type { Knex } from "knex";

type Pool = { max: number; numUsed(): number; numFree(): number; numPendingAcquires(): number };

export function poolUse(db: Knex): { used: number; idle: number; waiting: number; max: number } {
  const pool: Pool = db.client.pool;
  return { used: pool.numUsed(), idle: pool.numFree(), waiting: pool.numPendingAcquires(), max: pool.max };
}
