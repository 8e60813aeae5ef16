import DataLoader from "dataloader";
import type { Knex } from "knex";
import type { User } from "../../models/user.ts";

export type AccountState = "none" | "unverified" | "owned";

/** Whether an account has its final owner: it is verified, or dates from before addresses were verified. */
export function isOwned({
  email_verified_at,
  unverified_expires_at,
}: Pick<User, "email_verified_at" | "unverified_expires_at">): boolean {
  return email_verified_at !== null || unverified_expires_at === null;
}

/**
 * What makes an account one that people get into, as SQL: an operator did not disable it, and the time has not come when it
 * is deleted. @param users the name of `users` in the statement.
 */
export function isActive(users: string): string {
  return `${users}.disabled_at is null and coalesce(${users}.deletes_at > now(), true)`;
}

async function readStates(db: Knex, keys: readonly string[]): Promise<AccountState[]> {
  const users = await db<User>("users")
    .whereIn("email_key", keys)
    .select("email_key", "email_verified_at", "unverified_expires_at");
  const states = new Map(users.map((user) => [user.email_key, isOwned(user) ? "owned" : "unverified"] as const));
  return keys.map((key) => states.get(key) ?? "none");
}

/** Reads the state of an address's account. @param key the address's `email_key`. */
export async function readAccountState(db: Knex, key: string): Promise<AccountState> {
  const [state = "none"] = await readStates(db, [key]);
  return state;
}

const BATCH_WINDOW_MS = 35;

/** Creates a `readAccountState` for many callers at once: one query serves all calls in a short window. */
export function createBatchedAccountState(db: Knex): (key: string) => Promise<AccountState> {
  const loader = new DataLoader<string, AccountState>((keys) => readStates(db, keys), {
    cache: false,
    batchScheduleFn: (send) => setTimeout(send, BATCH_WINDOW_MS),
  });
  return (key) => loader.load(key);
}
