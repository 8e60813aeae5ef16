import type { Knex } from "knex";
import { raw } from "objection";
import { SignUp } from "../../models/sign-up.ts";
import { User } from "../../models/user.ts";
import { ok } from "../../result.ts";
import { digest } from "../../secrets/digest.ts";
import { isOwned } from "../identity/account.ts";
import type { Account } from "../identity/fields.ts";
import { type Result, refuse } from "../refusal.ts";

/** What the claimant showed beside the email: the sign-up that counts is theirs by its browser, or by its password. */
export type Proof =
  | { kind: "browser"; deviceSecrets: readonly string[] }
  | { kind: "password"; hashedPassword: string }
  /** The mailbox alone, with a password of the claimant's own. */
  | { kind: "new_password"; hashedPassword: string };

function toAccount(user: User | undefined): Result<Account, "token_used"> {
  return user ? ok({ id: user.id, email: user.email }) : refuse({ code: "token_used" });
}

/**
 * The latest sign-up of a browser counts, even by the email of another: who reads one email can read all. But spellings
 * that differ in more than case are one address here, and may be two mailboxes elsewhere.
 */
export function findOwnSignUp(
  signUps: readonly SignUp[],
  { email: shown }: SignUp,
  deviceSecrets: readonly string[],
): SignUp | undefined {
  const hashes = deviceSecrets.map((secret) => digest(secret));
  return signUps.findLast(
    ({ hashed_password, device_hash, email }) =>
      hashed_password !== null && hashes.includes(device_hash ?? "") && email.toLowerCase() === shown.toLowerCase(),
  );
}

function findWinner(signUps: readonly SignUp[], shown: SignUp, proof: Proof): SignUp | undefined {
  if (proof.kind === "browser") return findOwnSignUp(signUps, shown, proof.deviceSecrets);
  if (shown.hashed_password === null) return undefined;
  return proof.kind === "new_password" || shown.hashed_password === proof.hashedPassword ? shown : undefined;
}

/** An account that is in use keeps its id. Only its own password, or a new one from its mailbox, verifies it. */
async function verifyOwned(
  trx: Knex,
  user: User,
  { hashed_password }: SignUp,
  proof: Proof,
): Promise<User | undefined> {
  const mayChange = proof.kind === "new_password" || user.hashed_password === hashed_password;
  if (user.email_verified_at || !mayChange) return undefined;
  const password = proof.kind === "new_password" ? proof.hashedPassword : user.hashed_password;
  return user.$query(trx).patchAndFetch({ hashed_password: password, email_verified_at: raw("now()") });
}

/** Makes way for an account with another id, so that nothing that an app kept under the old one comes along. */
async function deleteUnverified(trx: Knex, { id }: User): Promise<void> {
  await SignUp.query(trx).where({ user_id: id }).patch({ user_id: null });
  await User.query(trx).deleteById(id);
}

/** It gives undefined where the address has an account that is its owner's already. */
async function writeAccount(trx: Knex, winner: SignUp, proof: Proof): Promise<User | undefined> {
  const { email, email_key, reserved_id } = winner;
  const hashed_password = proof.kind === "new_password" ? proof.hashedPassword : winner.hashed_password;
  if (hashed_password === null) throw new Error(`sign-up ${winner.id} has no hash`);
  const user = await User.query(trx).findOne({ email_key });
  if (user && isOwned(user)) return verifyOwned(trx, user, winner, proof);
  // Whoever chooses a new password may not be who signed up.
  const id = proof.kind === "new_password" ? null : reserved_id;
  if (user && user.id !== id) await deleteUnverified(trx, user);
  // An operator may have given the id away by SQL.
  const isFree = id !== null && !(await User.query(trx).whereNot({ email_key }).findById(id));
  const now = raw("now()");
  return User.query(trx)
    .insert({ ...(isFree && { id }), email, email_key, hashed_password, email_verified_at: now })
    .onConflict("email_key")
    .merge({ email, hashed_password, email_verified_at: now, unverified_expires_at: null, updated_at: now })
    .returning("*");
}

/** A browser elsewhere gets none: the browser of the sign-up, which may be a stranger's, could tell by its own. */
async function renewDeviceSecret(trx: Knex, { id }: SignUp, proof: Proof, deviceSecret: string): Promise<void> {
  if (proof.kind !== "browser") return;
  const hashes = proof.deviceSecrets.map((secret) => digest(secret));
  await SignUp.query(trx)
    .findById(id)
    .whereIn("device_hash", hashes)
    .patch({ device_hash: digest(deviceSecret) });
}

/**
 * Gives an address's account the password of the sign-up that a proof is of, in a transaction. The other sign-ups come
 * to nothing. @param deviceSecret of the browser from now on, where the proof is that.
 */
export async function claimAddress(
  trx: Knex,
  { id: shown, email_key }: SignUp,
  proof: Proof,
  deviceSecret: string,
): Promise<Result<Account, "token_unknown" | "token_used">> {
  // First the account, then its sign-ups, as it is when someone deletes them.
  await User.query(trx).findOne({ email_key }).select("id").forUpdate();
  // All of them, in one order, so that two who claim at once wait for each other.
  const signUps = await SignUp.query(trx).where({ email_key }).orderBy("id").forUpdate();
  const signUp = signUps.find((one) => one.id === shown);
  if (!signUp) return refuse({ code: "token_unknown" });
  if (signUp.outcome === "verified") {
    // A new password does not count any more, and must not seem to.
    if (proof.kind === "new_password") return refuse({ code: "token_used" });
    await renewDeviceSecret(trx, signUp, proof, deviceSecret);
    return toAccount(await User.query(trx).findOne({ id: signUp.user_id, email_key }));
  }
  const winner = findWinner(signUps, signUp, proof);
  if (!winner) return refuse({ code: "token_used" });
  const user = await writeAccount(trx, winner, proof);
  const outcome = raw("case when id = ? then 'verified' else 'superseded' end", [user ? winner.id : null]);
  // Tries count anew, for the same link is answered again.
  const closed = { outcome, hashed_password: null, password_tries: 0 };
  await SignUp.query(trx).where({ email_key }).whereNull("outcome").patch(closed);
  if (!user) return toAccount(undefined);
  await SignUp.query(trx).where({ email_key }).patch({ user_id: user.id });
  await renewDeviceSecret(trx, winner, proof, deviceSecret);
  return toAccount(user);
}
