import DataLoader from "dataloader";
import type { Knex } from "knex";
import { User } from "../models/user.ts";

export type AccountState = "none" | "unverified" | "settled";

/** Whether an account is its holder's for good: it is verified, or from before addresses were. */
export function isSettled({ email_verified_at, confirm_by }: User): boolean {
  return email_verified_at !== null || confirm_by === null;
}

async function statesOf(db: Knex, keys: readonly string[]): Promise<AccountState[]> {
  const users = await User.query(db)
    .whereIn("email_key", [...keys])
    .select("email_key", "email_verified_at", "confirm_by");
  const states = new Map(users.map((user) => [user.email_key, isSettled(user) ? "settled" : "unverified"] as const));
  return keys.map((key) => states.get(key) ?? "none");
}

/** Tells whether an address has an account, and whether someone else may still prove that it is theirs. */
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
