import type { Knex } from "knex";
import type { Hasher } from "../../hashing/hasher.ts";
import type { TypedPassword } from "../../hashing/password-hash.ts";
import type { Limiter } from "../../limits/limiter.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { placeOf } from "../place.ts";
import { type Result, refuse } from "../refusal.ts";
import { type Attempt, type AttemptedAccount, forgive, giveBackAttempt, spendAttempt } from "./attempt.ts";
import type { LiveSession } from "./live.ts";

export type CheckPasswordDeps = { db: Knex; hasher: Hasher; limiter: Limiter };

export type Guess = {
  emailKey: string;
  password: TypedPassword;
  caller: Caller;
  /** Names the browser or session that proved the password before. */
  knownBy: string | undefined;
};

type Refused = "invalid_credentials" | "rate_limited" | "busy";

/**
 * Finds the account of an address by its password. Each refusal of the password takes the same work, one hash at the
 * configured cost: of an unknown address, a disabled account and one with too many failures too. It says nothing of
 * whether the address is verified.
 */
export async function checkPassword(
  { db, hasher, limiter }: CheckPasswordDeps,
  { emailKey, password, caller, knownBy }: Guess,
): Promise<Result<AttemptedAccount, Refused>> {
  const place = placeOf(caller, knownBy === undefined ? "sign_in" : "known");
  if (!hasher.hasRoom(place)) return refuse(hasher.refuse(place));

  const spent = await limiter.spendSignIn({ ip: caller.ip, emailKey, isKnown: knownBy !== undefined });
  if (!spent.ok) return spent;

  const attempt = await spendAttempt(db, emailKey, knownBy).catch(async (fault: unknown) => {
    // The database failed, and nobody's password: or who asks again while it is locked would be refused after.
    await spent.value.notFailed().catch(() => {});
    throw fault;
  });
  const notFailed = (settle: (db: Knex, attempt: Attempt) => Promise<void>) =>
    Promise.all([settle(db, attempt), spent.value.notFailed()]);

  const verified = await hasher.verify(password, attempt.account?.hashed_password, caller.signal, place);
  if (!verified.ok) {
    await notFailed(giveBackAttempt);
    return verified;
  }
  const { account, counts } = attempt;
  if (!verified.value || !account?.active || !counts) return refuse({ code: "invalid_credentials" });
  await notFailed(forgive);
  return ok(account);
}

/**
 * Checks the password of whoever is signed in. Wrong ones count for their session alone, so strangers cannot lock it out.
 * Meanwhile the address may have become another account's: then the session is none.
 */
export async function checkOwnPassword(
  deps: CheckPasswordDeps,
  { id, account }: LiveSession,
  password: TypedPassword,
  caller: Caller,
): Promise<Result<AttemptedAccount, Refused | "not_signed_in">> {
  const { emailKey } = account;
  const checked = await checkPassword(deps, { emailKey, password, caller, knownBy: `session ${id}` });
  return checked.ok && checked.value.id !== account.id ? refuse({ code: "not_signed_in" }) : checked;
}
