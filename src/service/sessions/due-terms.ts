import type { Knex } from "knex";
import { Acceptance } from "../../models/acceptance.ts";
import type { Terms } from "../identity/terms.ts";

/** Whether an account has agreed to a version, as SQL. @param users the name of `users` in the statement. */
export function hasAccepted(users: string): string {
  return `exists (select 1 from :acceptances: a where a.user_id = ${users}.id and a.version = :version)`;
}

/** The terms that an account has yet to agree to. It asks nothing where a site has none. */
export async function dueTerms(db: Knex, terms: Terms | undefined, accountId: number): Promise<Terms | undefined> {
  if (!terms) return undefined;
  const accepted = await Acceptance.query(db).findOne({ user_id: accountId, version: terms.version }).select("id");
  return accepted ? undefined : terms;
}
