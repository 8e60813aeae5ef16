import DataLoader from "dataloader";
import type { Knex } from "knex";
import { User } from "../models/user.ts";

async function takenAmong(db: Knex, keys: readonly string[]): Promise<boolean[]> {
  const users = await User.query(db)
    .whereIn("email_key", [...keys])
    .select("email_key");
  const taken = new Set(users.map((user) => user.email_key));
  return keys.map((key) => taken.has(key));
}

/** Tells whether an address has an account. */
export async function isTaken(db: Knex, key: string): Promise<boolean> {
  const [taken = false] = await takenAmong(db, [key]);
  return taken;
}

const GATHER_MS = 35;

/** The same, but gathers what is asked within some milliseconds into one query: for many at once, who can wait so long. */
export function createGatheredIsTaken(db: Knex): (key: string) => Promise<boolean> {
  const loader = new DataLoader<string, boolean>((keys) => takenAmong(db, keys), {
    cache: false,
    batchScheduleFn: (send) => setTimeout(send, GATHER_MS),
  });
  return (key) => loader.load(key);
}
