import type { Foyer } from "foyer";
import type { Knex } from "knex";

/** Deletes an account and what the app keeps of it: both, or neither. */
export function leave(knex: Knex, foyer: Foyer, accountId: number) {
  return knex.transaction(async (trx) => {
    await trx("notes").where({ accountId }).delete();
    await foyer.accounts.delete(accountId, trx);
  });
}
