import type { Knex } from "knex";
import { raw } from "objection";
import { transaction } from "../../db/transaction.ts";
import type { Limiter } from "../../limits/limiter.ts";
import { SignUp } from "../../models/sign-up.ts";
import { ok } from "../../result.ts";
import { digest } from "../../secrets/digest.ts";
import type { Caller } from "../caller.ts";
import { type Account, asObject } from "../identity/fields.ts";
import { type Result, refuse } from "../refusal.ts";
import { claimAddress } from "./claim.ts";
import { codeInput, tokenInput } from "./input.ts";
import { findSignUpByToken } from "./link.ts";
import { findByCode } from "./tokens.ts";

export type VerificationDeps = { db: Knex; limiter: Limiter };

/** Tries of a code for one sign-up, whatever number of emails it got. */
const CODE_TRIES = 5;
/** The latest sign-ups of one browser count: more than a person makes, and few enough to look through quickly. */
const SIGN_UPS_TRIED = 100;

/** Each guess counts before it is compared, also for closed sign-ups: to tell them apart would tell who registered. */
async function findSignUpByCode(db: Knex, code: string, deviceSecret: string): Promise<Result<SignUp, "code_refused">> {
  const ofThisBrowser = SignUp.query(db)
    .where({ device_hash: digest(deviceSecret) })
    .where("code_tries", "<", CODE_TRIES);
  const latest = ofThisBrowser.select("id").orderBy("id", "desc").limit(SIGN_UPS_TRIED);
  const stillOpen = SignUp.query(db).whereIn("id", latest).where("code_tries", "<", CODE_TRIES);
  const tried = await SignUp.query(db)
    .whereIn("id", stillOpen.select("id").orderBy("id").forUpdate())
    .patch({ code_tries: raw("code_tries + 1") })
    .returning("*");
  const ids = tried.map(({ id }) => id);
  const found = await findByCode(db, code, ids);
  const signUp = tried.find(({ id }) => id === found);
  if (signUp) return ok(signUp);
  return refuse({
    code: "code_refused",
    triesLeft: Math.max(0, ...tried.map(({ code_tries }) => CODE_TRIES - code_tries)),
  });
}

type CodeOrToken = "code_refused" | "rate_limited" | "token_unknown" | "token_expired" | "token_used";

async function findSignUp(deps: VerificationDeps, input: object, caller: Caller): Promise<Result<SignUp, CodeOrToken>> {
  const { db, limiter } = deps;
  if ("token" in input) {
    const { success, data } = tokenInput.safeParse(input);
    return success ? findSignUpByToken(db, data.token) : refuse({ code: "token_unknown" });
  }
  const { success, data } = codeInput.safeParse(input);
  if (!success) return refuse({ code: "code_refused" });
  const spent = await limiter.spendIp(caller);
  return spent.ok ? findSignUpByCode(db, data.code, caller.deviceSecret) : spent;
}

/**
 * Verifies an address. Whoever shows an email's token or code has read it, so the account is theirs, with the password
 * of its sign-up. @param input `{ token }` or `{ code }`. @returns the account, again where it was verified so before.
 */
export async function verifyEmail(
  deps: VerificationDeps,
  input: unknown,
  caller: Caller,
): Promise<Result<Account, CodeOrToken>> {
  const found = await findSignUp(deps, asObject(input), caller);
  if (!found.ok) return found;
  return transaction(deps.db, (trx) => claimAddress(trx, found.value, caller.deviceSecret));
}
