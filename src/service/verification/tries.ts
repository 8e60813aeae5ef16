import type { Knex } from "knex";
import { raw } from "objection";
import { SignUp } from "../../models/sign-up.ts";

/** Tries of the code of one sign-up, and as many of its password, whatever number of emails it got. */
const TRIES = 5;

/**
 * Counts a try before what was sent is compared. A password is no try of the code: whoever signed up, perhaps a stranger,
 * could tell by those that somebody reads the mailbox. @returns the tries that are left; undefined for none.
 */
export async function spendTry(
  db: Knex,
  { id }: SignUp,
  column: "code_tries" | "password_tries",
): Promise<number | undefined> {
  const [tried] = await SignUp.query(db)
    .where({ id })
    .where(column, "<", TRIES)
    .patch({ [column]: raw("?? + 1", [column]) })
    .returning(column);
  return tried && TRIES - tried[column];
}

/** Gives back the try of a password that was right, or was not compared. */
export async function giveBackPasswordTry(db: Knex, { id }: SignUp): Promise<void> {
  await SignUp.query(db)
    .where({ id })
    .where("password_tries", ">", 0)
    .patch({ password_tries: raw("password_tries - 1") });
}
