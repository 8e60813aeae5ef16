import type { Knex } from "knex";
import { transaction } from "../db/transaction.ts";
import type { Letter } from "../mail/letter.ts";
import type { Mail } from "../models/mail.ts";
import { SignUp } from "../models/sign-up.ts";
import { User } from "../models/user.ts";
import { isSettled } from "./account.ts";
import { readableAddress } from "./email-address.ts";
import { hasOthers } from "./sign-up.ts";
import { mintToken } from "./token.ts";

/** An account from before addresses were verified has no sign-up; it is given one with the password that it has, and no other. */
function signUpOf(db: Knex, { id, email, email_key, hashed_password }: User) {
  return transaction(db, async (trx) => {
    // Of two couriers one makes it.
    await User.query(trx).findById(id).forUpdate();
    const known = await SignUp.query(trx).findOne({ user_id: id, hashed_password }).whereNull("outcome");
    return known ?? SignUp.query(trx).insert({ user_id: id, email, email_key, hashed_password }).returning("*");
  });
}

/**
 * Decides what a mail of the outbox says at the moment at which it is sent: a link that is valid from then on, however long it
 * waited, and whose token was nowhere stored meanwhile; or that the address has an account.
 * @returns a function that gives undefined where there is nothing to say (any more).
 */
export function correspondence(db: Knex, { verificationHours }: { verificationHours: number }) {
  return async function write({ email_key, sign_up_id }: Mail): Promise<Letter | undefined> {
    const named = sign_up_id === null ? undefined : await SignUp.query(db).findById(sign_up_id);
    if (named?.outcome === "verified") return undefined;
    const user = await User.query(db).findOne({ email_key });
    if (user?.email_verified_at) {
      // Its password will not be anybody's. All else stays, or trying a code would tell.
      await named?.$query(db).patch({ hashed_password: null, user_id: user.id });
      return { kind: "registered", to: user.email };
    }
    const signUp = user && isSettled(user) ? await signUpOf(db, user) : named;
    if (!signUp) return undefined;
    // What the address was promised before it had the account.
    if (user && signUp.user_id === null) await signUp.$query(db).patch({ user_id: user.id });
    const minted = await mintToken(db, signUp.id, verificationHours);
    const { email: to, created_at: signedUpAt } = signUp;
    const [address, others] = [readableAddress(to), await hasOthers(db, signUp)];
    return { kind: "verify", to, address, signedUpAt, validHours: verificationHours, others, ...minted };
  };
}
