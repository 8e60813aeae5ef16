import { setTimeout } from "node:timers/promises";
import type { Knex } from "knex";
import type { Client } from "pg";
import { Unreachable } from "./faults.ts";
import type { SilenceWatch } from "./silence.ts";

type Pool = {
  max: number;
  numUsed(): number;
  numFree(): number;
  numPendingAcquires(): number;
};

/** Far more than a healthy database lets wait, and few enough to be held in memory while it is stuck. */
const MAX_WAITING = 1000;
const PLACE_TIMEOUT_MS = 3000;
const PLACE_POLL_MS = 50;

export function poolUse(db: Knex): { used: number; idle: number; waiting: number; max: number } {
  const pool: Pool = db.client.pool;
  return { used: pool.numUsed(), idle: pool.numFree(), waiting: pool.numPendingAcquires(), max: pool.max };
}

/** @throws Unreachable where so many wait for a connection that one more would wait in vain, and once all are closed. */
export function refuseIfCrowded(client: Knex["client"]): void {
  const pool: Pool | undefined = client.pool;
  if (!pool) throw new Unreachable("the database was closed");
  if (pool.numPendingAcquires() >= MAX_WAITING) throw new Unreachable("too many wait for a connection");
}

/**
 * Has each connection wait until the server may have one more: the pool counts those that it has, the server also those
 * that were given up on. @throws Unreachable if that takes longer than three seconds.
 */
export function openWithin(silence: SilenceWatch, open: () => Promise<Client>) {
  let opening = 0;
  return async (client: Knex["client"]): Promise<Client> => {
    const pool: Pool = client.pool;
    const isFull = () => pool.numUsed() + pool.numFree() + opening + silence.left() >= pool.max;
    const until = performance.now() + PLACE_TIMEOUT_MS;
    while (silence.left() > 0 && isFull()) {
      if (performance.now() > until) throw new Unreachable("the server does not finish the commits that it has");
      await setTimeout(PLACE_POLL_MS);
    }
    opening += 1;
    return open().finally(() => {
      opening -= 1;
    });
  };
}
