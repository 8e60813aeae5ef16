import type { Knex } from "knex";
import { raw } from "objection";
import { SignUp } from "../../models/sign-up.ts";

/** Tries of the code of one sign-up, and as many of its password, whatever number of emails it got. */
const TRIES = 5;

/** Counts a guess at a sign-up's code before it is compared. @returns the tries that are left; undefined for none. */
export async function spendCodeTry(db: Knex, { id }: SignUp): Promise<number | undefined> {
  const [tried] = await SignUp.query(db)
    .where({ id })
    .where("code_tries", "<", TRIES)
    .patch({ code_tries: raw("code_tries + 1") })
    .returning("code_tries");
  return tried && TRIES - tried.code_tries;
}

/**
 * Counts a password before it is compared. It is no try of the code: whoever signed up, perhaps a stranger, could tell by
 * those that somebody reads the mailbox. @returns the tries that are left; undefined for none.
 */
export async function spendPasswordTry(db: Knex, { id }: SignUp): Promise<number | undefined> {
  const [tried] = await SignUp.query(db)
    .where({ id })
    .where("password_tries", "<", TRIES)
    .patch({ password_tries: raw("password_tries + 1") })
    .returning("password_tries");
  return tried && TRIES - tried.password_tries;
}

/** Gives back the try of a password that was right, or was not compared. */
export async function giveBackPasswordTry(db: Knex, { id }: SignUp): Promise<void> {
  await SignUp.query(db)
    .where({ id })
    .where("password_tries", ">", 0)
    .patch({ password_tries: raw("password_tries - 1") });
}
