import type { Knex } from "knex";
import type { Logger } from "pino";
import type { Hasher } from "../hashing/hasher.ts";
import type { Attempt, Limiter } from "../limits/limiter.ts";
import { accountState, createGatheredAccountState } from "./account.ts";
import { whileAvailable } from "./available.ts";
import type { Caller } from "./caller.ts";
import type { EmailAddress } from "./email-address.ts";
import type { Result } from "./errors.ts";
import { type Account, fieldErrors, recordOf, registrationInput } from "./input.ts";
import { createOneAtATime } from "./one-at-a-time.ts";
import { createPace } from "./pace.ts";
import { limited, refuse } from "./refuse.ts";
import type { ServiceSettings } from "./settings.ts";
import { contend, type NewSignUp, openAccount, promiseAccount } from "./sign-up.ts";

export type RegistrationParts = {
  db: Knex;
  hasher: Hasher;
  /** Undefined where attempts are not limited. */
  limiter: Limiter | undefined;
  settings: ServiceSettings;
  /** Told when a mail has been put into the outbox. */
  mailQueued: () => void;
  log: Logger;
};

type Request = { email: EmailAddress; password: string; caller: Caller; attempt: Attempt };

/**
 * While there is no room for another hash, no more than this many a second are looked up and answered. That is little work
 * each, but clients that come back at once can make it often enough to take the processor from those who were let in.
 */
const SHED_A_SECOND = 300;

/**
 * Registers an account: exactly one for an address, however many ask at once. In discreet mode it does the same whether the
 * address has an account or not, and the account is made when its mailbox is proven.
 * @returns a function that takes what a client sent, as it came, and gives the account's id and address (in discreet mode, those that it will have), or refuses with
 * `registration_closed`, `invalid_input` (each field's reason), `rate_limited`, `email_taken`, `busy` while more ask than
 * can be hashed in time, or `unavailable` while the database cannot be used.
 */
export function registration({ db, hasher, limiter, settings, mailQueued, log }: RegistrationParts) {
  const schema = registrationInput(settings);
  const isDiscreet = settings.privacy === "discreet";
  const shedding = createPace(SHED_A_SECOND);
  const gatheredAccountState = createGatheredAccountState(db);
  const oneAtATime = createOneAtATime();

  /** Who has an account already is told so even when there is no room: it takes no hash. */
  async function shed(email: EmailAddress, attempt: Attempt) {
    const busy = refuse({ code: "busy", retryAfterSeconds: hasher.turnAway() });
    if (!(await shedding())) return busy;
    const refusal = limited(await limiter?.byAddress(attempt));
    if (refusal || isDiscreet) return refusal ?? busy;
    return (await gatheredAccountState(email.key)) === "none" ? busy : refuse({ code: "email_taken", mailSent: false });
  }

  async function hash({ password, caller }: Request): Promise<Result<string>> {
    const refusal = limited(await limiter?.inTotal());
    if (refusal) return refusal;
    const place = hasher.enter(caller.gone);
    const hashed = place.ok ? await place.hash(password) : place;
    return hashed.ok ? hashed : refuse({ code: "busy", retryAfterSeconds: hashed.retryAfterSeconds });
  }

  /** Hashes the password, where the mailbox may still get the mail that this leads to, and stores what is to be stored. */
  async function hashAnd<T>(request: Request, store: (signUp: NewSignUp) => Promise<T>): Promise<Result<T>> {
    const mail = await limiter?.byMailbox(request.attempt);
    if (mail && "exceeded" in mail) return refuse({ code: "rate_limited", ...mail.exceeded });
    const hashed = await hash(request);
    if (!hashed.ok) {
      await mail?.giveBack();
      return hashed;
    }
    const value = await store({ email: request.email, hashedPassword: hashed.value, browser: request.caller.browser });
    mailQueued();
    return { ok: true, value };
  }

  /** For the owner of an address that someone else may have registered: who proves the mailbox has the account. */
  async function refuseUnlessProven(request: Request) {
    const { ok } = await hashAnd(request, (signUp) => contend(db, signUp));
    return refuse({ code: "email_taken", mailSent: ok });
  }

  async function createOpen(request: Request, waited: boolean): Promise<Result<Account>> {
    // This saves the hash of a known duplicate; the unique index is what decides.
    const state = await accountState(db, request.email.key);
    if (state === "settled") return refuse({ code: "email_taken", mailSent: false });
    // Of those who asked at the same time one has it, and the others need not be hashed for to be told so.
    if (state === "unverified") return waited ? refuse({ code: "email_taken", mailSent: false }) : refuseUnlessProven(request);
    const opened = await hashAnd(request, async (signUp) => {
      const account = await openAccount(db, signUp, settings.unverifiedDays);
      // Another instance was faster.
      if (!account) await contend(db, signUp);
      return account;
    });
    if (!opened.ok) return opened;
    return opened.value ? { ok: true, value: opened.value } : refuse({ code: "email_taken", mailSent: true });
  }

  async function create(request: Request, waited: boolean): Promise<Result<Account>> {
    const { email, attempt } = request;
    if (!hasher.hasRoom()) return shed(email, attempt);
    // Known addresses count too: whoever asks for many learns which exist.
    const refusal = limited((await limiter?.byAddress(attempt)) ?? (await limiter?.byEmail(attempt)));
    if (refusal) return refusal;
    const result = await (isDiscreet ? hashAnd(request, (signUp) => promiseAccount(db, signUp)) : createOpen(request, waited));
    if (!result.ok && result.error.code !== "email_taken") await limiter?.giveBack(attempt);
    return result;
  }

  return async function register(input: unknown, caller: Caller): Promise<Result<Account>> {
    if (!settings.policy.open) return refuse({ code: "registration_closed" });
    const parsed = schema.safeParse(recordOf(input));
    if (!parsed.success) return refuse({ code: "invalid_input", fields: fieldErrors(parsed.error) });
    const { email, password } = parsed.data;
    const attempt = { ip: caller.ip, emailKey: email.key };
    // Of many who ask for one address at once, the first settles what the others are told.
    return whileAvailable(log, caller, () => oneAtATime(email.key, (waited) => create({ email, password, caller, attempt }, waited)));
  };
}
