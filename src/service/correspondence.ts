import type { Knex } from "knex";
import type { Letter } from "../mail/letter.ts";
import type { Mail } from "../models/mail.ts";
import { SignUp } from "../models/sign-up.ts";
import { User } from "../models/user.ts";
import { mintToken } from "./token.ts";

/** An account from before addresses were verified has no sign-up; asked for a mail, it gets one with the password that it has. */
function signUpOf(db: Knex, { email, email_key, hashed_password }: User) {
  return SignUp.query(db).insert({ email, email_key, hashed_password }).returning("*");
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
    if (user?.email_verified_at) return { kind: "registered", to: user.email };
    const signUp = named ?? (user && (await signUpOf(db, user)));
    if (!signUp) return undefined;
    const minted = await mintToken(db, signUp.id, verificationHours);
    return { kind: "verify", to: signUp.email, signedUpAt: signUp.created_at, validHours: verificationHours, ...minted };
  };
}
