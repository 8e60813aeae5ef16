import type { Knex } from "knex";
import { raw } from "objection";
import type { Logger } from "pino";
import { transaction } from "../db/transaction.ts";
import type { Limiter } from "../limits/limiter.ts";
import { SignUp } from "../models/sign-up.ts";
import { User } from "../models/user.ts";
import { whileAvailable } from "./available.ts";
import type { Caller } from "./caller.ts";
import { digest } from "./digest.ts";
import type { Result } from "./errors.ts";
import { type Account, codeInput, recordOf, tokenInput } from "./input.ts";
import { readToken } from "./pasted.ts";
import { limited, refuse } from "./refuse.ts";
import { hasOthers } from "./sign-up.ts";
import { findByCode, findToken } from "./token.ts";

export type VerificationParts = { db: Knex; limiter: Limiter | undefined; log: Logger };

/**
 * What a link is about, for its page to show: `done` where it was used already, `others` where the address was signed up more
 * than once; `token` is what it came with, and no more.
 */
export type Link = { token: string; email: string; signedUpAt: Date; done: boolean; others: boolean };

/** Tries of a code for one sign-up, whatever number of mails it got. */
const CODE_TRIES = 5;
/** Of one browser's sign-ups the latest count: more than a person makes, and no more than are quickly looked through. */
const SIGN_UPS_TRIED = 100;

/** Finds the sign-up of a link that still counts or that was the one that counted. */
async function findSignUp(db: Knex, token: string): Promise<Result<SignUp>> {
  const found = await findToken(db, token);
  const signUp = found && (await SignUp.query(db).findById(found.signUpId));
  if (!signUp) return refuse({ code: "token_unknown" });
  if (signUp.outcome === "superseded") return refuse({ code: "token_used" });
  if (found.expired && signUp.outcome === null) return refuse({ code: "token_expired" });
  return { ok: true, value: signUp };
}

/**
 * Finds the sign-up of this browser that a code belongs to. Each guess is counted before it is compared, for settled ones too: to
 * tell them apart would tell, in discreet mode, that the address is registered.
 */
async function findSignUpByCode(db: Knex, code: string, browser: string): Promise<Result<SignUp>> {
  const ofThisBrowser = SignUp.query(db)
    .where({ browser_hash: digest(browser) })
    .where("code_tries", "<", CODE_TRIES);
  const latest = ofThisBrowser.select("id").orderBy("id", "desc").limit(SIGN_UPS_TRIED);
  const tried = await SignUp.query(db)
    .whereIn("id", SignUp.query(db).whereIn("id", latest).where("code_tries", "<", CODE_TRIES).select("id").orderBy("id").forUpdate())
    .patch({ code_tries: raw("code_tries + 1") })
    .returning("*");
  const ids = tried.map(({ id }) => id);
  const found = await findByCode(db, code, ids);
  const signUp = tried.find(({ id }) => id === found);
  if (signUp) return { ok: true, value: signUp };
  return refuse({ code: "code_refused", triesLeft: Math.max(0, ...tried.map(({ code_tries }) => CODE_TRIES - code_tries)) });
}

/**
 * Whoever can show one mail of an address can read all. So where the browser made a sign-up of its own for it, that is the
 * one that counts, though the mail was about another's: its owner may have opened the wrong one of two.
 */
function ownOf(signUps: SignUp[], shown: SignUp, browser: string): SignUp {
  const own = signUps.filter((one) => one.hashed_password !== null && one.browser_hash === digest(browser));
  return own.find(({ id }) => id === shown.id) ?? own.at(-1) ?? shown;
}

function accountOf(user: User | undefined): Result<Account> {
  return user ? { ok: true, value: { id: user.id, email: user.email } } : refuse({ code: "token_used" });
}

/**
 * Settles whose the address is: the account gets the password of this sign-up, whoever made it before, and the other sign-ups
 * of the address come to nothing. Refuses with `token_used` where another had settled it. An account from before addresses were verified
 * keeps its password: it is in use.
 */
async function settle(trx: Knex, { id: shown, email_key }: SignUp, browser: string): Promise<Result<Account>> {
  // First the account, then its sign-ups, as it is when someone deletes them.
  await User.query(trx).findOne({ email_key }).select("id").forNoKeyUpdate();
  // All of them, in one order, so that two who settle at once wait for each other.
  const signUps = await SignUp.query(trx).where({ email_key }).orderBy("id").forUpdate();
  const signUp = signUps.find((one) => one.id === shown);
  if (!signUp) return refuse({ code: "token_unknown" });
  if (signUp.outcome === "verified") return accountOf(await User.query(trx).findOne({ id: signUp.user_id, email_key }));
  const { id, email, hashed_password, promised_id } = ownOf(signUps, signUp, browser);
  if (hashed_password === null) return refuse({ code: "token_used" });
  // An operator may have given the number away by SQL.
  const isFree = promised_id !== null && !(await User.query(trx).findById(promised_id));
  const now = raw("now()");
  const user = await User.query(trx)
    .insert({ ...(isFree && { id: promised_id }), email, email_key, hashed_password, email_verified_at: now })
    .onConflict("email_key")
    .merge({ email, hashed_password, email_verified_at: now, confirm_by: null, updated_at: now })
    .whereNull("users.email_verified_at")
    .where((user) => user.whereNotNull("users.confirm_by").orWhere("users.hashed_password", hashed_password))
    .returning("*");
  // Where nothing was written, no row came back.
  const isOurs = user.created_at !== undefined;
  await SignUp.query(trx)
    .where({ email_key })
    .whereNull("outcome")
    .patch({ outcome: raw("case when id = ? then 'verified' else 'superseded' end", [isOurs ? id : null]), hashed_password: null });
  if (!isOurs) return refuse({ code: "token_used" });
  await SignUp.query(trx).where({ email_key }).patch({ user_id: user.id });
  return accountOf(user);
}

/**
 * Verifies addresses. Whoever shows the token or the code of a mail has read it, so the account is theirs, with the password of
 * the sign-up that the mail was about.
 */
export function verification({ db, limiter, log }: VerificationParts) {
  async function verify(found: Result<SignUp>, { browser }: Caller): Promise<Result<Account>> {
    return found.ok ? transaction(db, (trx) => settle(trx, found.value, browser)) : found;
  }

  async function verifyByCode(input: object, caller: Caller): Promise<Result<Account>> {
    const parsed = codeInput.safeParse(input);
    if (!parsed.success) return refuse({ code: "code_refused" });
    const refusal = limited(await limiter?.byAddress({ ip: caller.ip }));
    return refusal ?? verify(await findSignUpByCode(db, parsed.data.code, caller.browser), caller);
  }

  return {
    /** Tells what a link is about, and changes nothing. Refuses with `token_unknown`, `token_expired` or `token_used`. */
    readLink: (link: string, caller: Caller): Promise<Result<Link>> =>
      whileAvailable(log, caller, async () => {
        const token = readToken(link);
        if (token === undefined) return refuse({ code: "token_unknown" });
        const found = await findSignUp(db, token);
        if (!found.ok) return found;
        const { email, created_at, outcome } = found.value;
        const others = await hasOthers(db, found.value);
        return { ok: true, value: { token, email, signedUpAt: created_at, done: outcome === "verified", others } };
      }),

    /**
     * Takes `{ token }` or `{ code }` as a client sent it and gives the verified account; again where it was verified so before.
     * Refuses with `token_unknown`, `token_expired`, `token_used`, `code_refused` or `rate_limited`.
     */
    verifyEmail: (input: unknown, caller: Caller): Promise<Result<Account>> =>
      whileAvailable(log, caller, async () => {
        const record = recordOf(input);
        if (!("token" in record)) return verifyByCode(record, caller);
        const { success, data } = tokenInput.safeParse(record);
        return success ? verify(await findSignUp(db, data.token), caller) : refuse({ code: "token_unknown" });
      }),
  };
}
