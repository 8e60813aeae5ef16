import type { Knex } from "knex";
import { raw } from "objection";
import { SignUp } from "../../models/sign-up.ts";
import { User } from "../../models/user.ts";
import { ok } from "../../result.ts";
import { digest } from "../../secrets/digest.ts";
import type { Account } from "../identity/fields.ts";
import { type Result, refuse } from "../refusal.ts";

/** A sign-up of this browser counts, even if its owner opened the email of another: who reads one can read all. */
function preferOwnSignUp(signUps: SignUp[], shown: SignUp, deviceSecret: string): SignUp {
  const own = signUps.filter((one) => one.hashed_password !== null && one.device_hash === digest(deviceSecret));
  return own.find(({ id }) => id === shown.id) ?? own.at(-1) ?? shown;
}

function toAccount(user: User | undefined): Result<Account, "token_used"> {
  return user ? ok({ id: user.id, email: user.email }) : refuse({ code: "token_used" });
}

/** It gives undefined where the address has an account that is its owner's already. */
async function writeAccount(
  trx: Knex,
  { id, email, email_key, hashed_password, reserved_id }: SignUp,
): Promise<User | undefined> {
  if (hashed_password === null) throw new Error(`sign-up ${id} has no hash`);
  // An operator may have given the id away by SQL.
  const isFree = reserved_id !== null && !(await User.query(trx).findById(reserved_id));
  const now = raw("now()");
  const user = await User.query(trx)
    .insert({ ...(isFree && { id: reserved_id }), email, email_key, hashed_password, email_verified_at: now })
    .onConflict("email_key")
    .merge({ email, hashed_password, email_verified_at: now, unverified_expires_at: null, updated_at: now })
    .whereNull("users.email_verified_at")
    // An account from before addresses were verified keeps its password: it is in use.
    .where((user) => user.whereNotNull("users.unverified_expires_at").orWhere("users.hashed_password", hashed_password))
    .returning("*");
  // Where nothing was written, no row came back.
  return user.created_at === undefined ? undefined : user;
}

/** Gives an address's account this sign-up's password, in a transaction. The other sign-ups of it come to nothing. */
export async function claimAddress(
  trx: Knex,
  { id: shown, email_key }: SignUp,
  deviceSecret: string,
): Promise<Result<Account, "token_unknown" | "token_used">> {
  // First the account, then its sign-ups, as it is when someone deletes them.
  await User.query(trx).findOne({ email_key }).select("id").forNoKeyUpdate();
  // All of them, in one order, so that two who claim at once wait for each other.
  const signUps = await SignUp.query(trx).where({ email_key }).orderBy("id").forUpdate();
  const signUp = signUps.find((one) => one.id === shown);
  if (!signUp) return refuse({ code: "token_unknown" });
  if (signUp.outcome === "verified") return toAccount(await User.query(trx).findOne({ id: signUp.user_id, email_key }));
  const winner = preferOwnSignUp(signUps, signUp, deviceSecret);
  if (winner.hashed_password === null) return refuse({ code: "token_used" });
  const user = await writeAccount(trx, winner);
  const outcome = raw("case when id = ? then 'verified' else 'superseded' end", [user ? winner.id : null]);
  await SignUp.query(trx).where({ email_key }).whereNull("outcome").patch({ outcome, hashed_password: null });
  if (user) await SignUp.query(trx).where({ email_key }).patch({ user_id: user.id });
  return toAccount(user);
}
