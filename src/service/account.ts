import DataLoader from "dataloader";
import type { Knex } from "knex";
import { User } from "../models/user.ts";

export type AccountState = "none" | "unverified" | "verified";

async function statesOf(db: Knex, keys: readonly string[]): Promise<AccountState[]> {
  const users = await User.query(db)
    .whereIn("email_key", [...keys])
    .select("email_key", "email_verified_at");
  const states = new Map(users.map((user) => [user.email_key, user.email_verified_at ? "verified" : "unverified"] as const));
  return keys.map((key) => states.get(key) ?? "none");
}

/** Tells whether an address has an account, and whether it is verified. */
export async function accountState(db: Knex, key: string): Promise<AccountState> {
  const [state = "none"] = await statesOf(db, [key]);
  return state;
}

const GATHER_MS = 35;

/** The same, but gathers what is asked within some milliseconds into one query: for many at once, who can wait so long. */
export function createGatheredAccountState(db: Knex): (key: string) => Promise<AccountState> {
  const loader = new DataLoader<string, AccountState>((keys) => statesOf(db, keys), {
    cache: false,
    batchScheduleFn: (send) => setTimeout(send, GATHER_MS),
  });
  return (key) => loader.load(key);
}
