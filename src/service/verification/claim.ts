import type { Knex } from "knex";
import { raw } from "objection";
import { violatesForeignKey } from "../../db/faults.ts";
import { getSchema } from "../../db/schema.ts";
import { Acceptance } from "../../models/acceptance.ts";
import { SignUp } from "../../models/sign-up.ts";
import { User } from "../../models/user.ts";
import { ok } from "../../result.ts";
import { digest, digestEach } from "../../secrets/digest.ts";
import { isOwned } from "../identity/account.ts";
import type { Account } from "../identity/fields.ts";
import { type Result, refuse } from "../refusal.ts";
import { voidResetLinks } from "./void-reset-links.ts";

/** What the claimant showed beside the email: the sign-up that counts is theirs by its browser, or by its password. */
export type Proof =
  | { kind: "browser"; deviceSecrets: readonly string[] }
  | { kind: "password"; hashedPassword: string }
  /** The mailbox alone, with a password of the claimant's own. */
  | { kind: "new_password"; hashedPassword: string };

/** An account whose address is verified. It has its `epoch` where it is so only now, and not where it was before. */
export type Verified = { account: Account; emailKey: string; language: string | null; epoch?: number };

export function toVerified({ id, email, email_key, language }: User): Verified {
  return { account: { id, email }, emailKey: email_key, language };
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
  const hashes = digestEach(deviceSecrets);
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

/** What an account that gave way has in place of its address. */
export function replacedName(id: number): string {
  return `replaced ${id}`;
}

/**
 * Makes way for an account with another id, so that nothing that an app kept under the old one comes along. The row is
 * deleted by `deleteReplaced`, or else by the next purge.
 */
export async function replace(trx: Knex, { id }: User): Promise<void> {
  const name = replacedName(id);
  await User.query(trx)
    .findById(id)
    .patch({ email: name, email_key: name, unverified_expires_at: raw("now()") });
}

/** Deletes what `replace` left. An app's foreign key without `on delete cascade` must not keep an address from its owner. */
export async function deleteReplaced(trx: Knex, { id }: User): Promise<void> {
  const sharesRow = await SignUp.query(trx).where({ user_id: id }).select("id").first();
  if (sharesRow) return;
  await trx
    .transaction(async (inner) => {
      // Or one that is deferred would fail what all this was for, at its end.
      await inner.raw("set constraints all immediate");
      return User.query(inner).deleteById(id);
    })
    .catch((fault: unknown) => {
      if (!violatesForeignKey(fault)) throw fault;
    });
}

/** It gives undefined where the address has an account that is its owner's already. */
async function writeAccount(
  trx: Knex,
  winner: SignUp,
  proof: Proof,
  user: User | undefined,
): Promise<User | undefined> {
  const { email, email_key, reserved_id, language } = winner;
  const hashed_password = proof.kind === "new_password" ? proof.hashedPassword : winner.hashed_password;
  if (hashed_password === null) throw new Error(`sign-up ${winner.id} has no hash`);
  if (user && isOwned(user)) return verifyOwned(trx, user, winner, proof);
  // Whoever chooses a new password may not be who signed up.
  const id = proof.kind === "new_password" ? null : reserved_id;
  if (user && user.id !== id) await replace(trx, user);
  // An operator may have given the id away by SQL.
  const isFree = id !== null && !(await User.query(trx).whereNot({ email_key }).findById(id));
  const now = raw("now()");
  return User.query(trx)
    .insert({ ...(isFree && { id }), email, email_key, hashed_password, language, email_verified_at: now })
    .onConflict("email_key")
    .merge({ email, hashed_password, language, email_verified_at: now, unverified_expires_at: null, updated_at: now })
    .returning("*");
}

/** A browser elsewhere gets none: the browser of the sign-up, which may be a stranger's, could tell by its own. */
async function renewDeviceSecret(trx: Knex, { id }: SignUp, proof: Proof, deviceSecret: string): Promise<void> {
  if (proof.kind !== "browser") return;
  const hashes = digestEach(proof.deviceSecrets);
  await SignUp.query(trx)
    .findById(id)
    .whereIn("device_hash", hashes)
    .patch({ device_hash: digest(deviceSecret) });
}

/** Has whoever claims an address wait for others who do, whether there is an account or not. */
export async function lockAddress(trx: Knex, email_key: string): Promise<void> {
  await trx.raw("select pg_advisory_xact_lock(hashtextextended(?, 0))", [`foyer ${getSchema(trx)} ${email_key}`]);
}

/** More than people make of one address. However many strangers make, verifying takes no longer. */
const MOST_AT_ONCE = 500;

/**
 * Has the open sign-ups of a verified address come to nothing, and its account take them along should it be deleted.
 * @returns whether there may be more of them. Those would be refused all the same, for the address is verified.
 */
export async function supersede(trx: Knex, email_key: string): Promise<boolean> {
  const open = SignUp.query(trx).where({ email_key }).whereNull("outcome").select("id").limit(MOST_AT_ONCE);
  const closed = await SignUp.query(trx)
    .whereIn("id", open.forUpdate())
    .patch({
      outcome: "superseded",
      hashed_password: null,
      user_id: User.query(trx).where({ email_key }).select("id"),
    });
  return closed === MOST_AT_ONCE;
}

/** The sign-up that a proof was shown with, and those of the browser, where that is the proof. */
async function lockSignUps(trx: Knex, { id, email_key }: SignUp, proof: Proof): Promise<SignUp[]> {
  const hashes = proof.kind === "browser" ? digestEach(proof.deviceSecrets) : [];
  return SignUp.query(trx)
    .where({ email_key })
    .where((one) => one.where({ id }).orWhereIn("device_hash", hashes))
    .orderBy("id")
    .forUpdate();
}

/**
 * `openSignUps`: whether there may be more for `supersede` to do. `verified`: the account that is so only now, and the one
 * that the address had before.
 */
export type Claimed = {
  result: Result<Verified, "token_unknown" | "token_used">;
  openSignUps: boolean;
  verified?: { account: User; before: User | undefined };
};

function refused(code: "token_unknown" | "token_used"): Claimed {
  return { result: refuse({ code }), openSignUps: false };
}

/** `deviceSecret` is of the browser from now on, where the proof is that. `terms`: whether people agree to any. */
export type ClaimSettings = { deviceSecret: string; terms: boolean };

/** Writes what was agreed to with a sign-up as the account's. What is there stays as it was written. */
async function keepAcceptances(trx: Knex, { id }: SignUp, account: User): Promise<void> {
  const agreed = await Acceptance.query(trx).where({ sign_up_id: id });
  for (const { url, version, ip, language, accepted_at } of agreed) {
    await Acceptance.query(trx).insert({ user_id: account.id, url, version, ip, language, accepted_at });
  }
}

/**
 * Gives an address's account the password of the sign-up that a proof is of, in a transaction. The other sign-ups come
 * to nothing.
 */
export async function claimAddress(
  trx: Knex,
  shownBefore: SignUp,
  proof: Proof,
  { deviceSecret, terms }: ClaimSettings,
): Promise<Claimed> {
  const { id: shown, email_key } = shownBefore;
  await lockAddress(trx, email_key);
  // First the account, then its sign-ups, as it is when someone deletes them.
  const user = await User.query(trx).findOne({ email_key }).forUpdate();
  const signUps = await lockSignUps(trx, shownBefore, proof);
  const signUp = signUps.find((one) => one.id === shown);
  if (!signUp) return refused("token_unknown");
  if (signUp.outcome === "verified") {
    // A new password does not count any more, and must not seem to.
    if (proof.kind === "new_password") return refused("token_used");
    await renewDeviceSecret(trx, signUp, proof, deviceSecret);
    const account = await User.query(trx).findOne({ id: signUp.user_id, email_key });
    return account ? { result: ok(toVerified(account)), openSignUps: false } : refused("token_used");
  }
  const winner = findWinner(signUps, signUp, proof);
  if (!winner) return refused("token_used");
  const before = user?.hashed_password;
  const account = await writeAccount(trx, winner, proof, user);
  if (user && account && account.hashed_password !== before) await voidResetLinks(trx, user, account);
  if (account) {
    // Tries count anew, for the same link is answered again.
    const verified = { outcome: "verified", hashed_password: null, user_id: account.id, password_tries: 0 } as const;
    await winner.$query(trx).patch(verified);
    // Who chose a new password may not be who agreed, and is asked at the next sign-in.
    if (terms && proof.kind !== "new_password") await keepAcceptances(trx, winner, account);
    await renewDeviceSecret(trx, winner, proof, deviceSecret);
  }
  const openSignUps = await supersede(trx, email_key);
  if (user && account && user.id !== account.id) await deleteReplaced(trx, user);
  if (!account) return { ...refused("token_used"), openSignUps };
  const result = ok({ ...toVerified(account), epoch: account.session_epoch });
  return { result, openSignUps, verified: { account, before: user } };
}

/**
 * Verifies the address of an account for whoever reads its mailbox and sets a password of their own, in a transaction that
 * has both locked. What nobody had verified goes on under another id, for somebody else may have signed up: then
 * `deleteReplaced` is to be called. Sign-ups come to nothing, though there may be more for `supersede` to do.
 */
export async function claimForReader(trx: Knex, user: User): Promise<User> {
  if (user.email_verified_at) return user;
  const { email, email_key, hashed_password, language } = user;
  const email_verified_at = raw("now()");
  if (isOwned(user)) return user.$query(trx).patchAndFetch({ email_verified_at });
  await replace(trx, user);
  const owned = await User.query(trx)
    .insert({ email, email_key, hashed_password, language, email_verified_at })
    .returning("*");
  await supersede(trx, email_key);
  return owned;
}
