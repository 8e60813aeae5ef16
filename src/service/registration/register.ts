import type { Knex } from "knex";
import type { KeyedMutex } from "../../admission/keyed-mutex.ts";
import type { Throttle } from "../../admission/throttle.ts";
import type { EventRecorder } from "../../events/recorder.ts";
import type { Hasher } from "../../hashing/hasher.ts";
import type { Limiter } from "../../limits/limiter.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { type AccountState, readAccountState } from "../identity/account.ts";
import type { EmailAddress } from "../identity/email-address.ts";
import { type Account, parseInput } from "../identity/fields.ts";
import { countInvalid } from "../invalid-input.ts";
import { placeOf } from "../place.ts";
import { type Result, refuse } from "../refusal.ts";
import type { ServiceSettings } from "../settings.ts";
import type { RegistrationInput } from "./input.ts";
import { addSignUp, createUnverifiedAccount, type NewSignUp, reserveAccount } from "./sign-ups.ts";

type Refused = "email_taken" | "rate_limited" | "busy";

/** `deviceSecret` is of the sign-up that was kept, if one was. */
type Outcome = { result: Result<Account, Refused>; deviceSecret?: string };

export type RegistrationDeps = {
  db: Knex;
  events: EventRecorder;
  hasher: Hasher;
  limiter: Limiter;
  settings: ServiceSettings;
  schema: RegistrationInput;
  mutex: KeyedMutex<Outcome>;
  throttle: Throttle;
  batchedAccountState: (key: string) => Promise<AccountState>;
  emailQueued: () => void;
};

type ParsedRegistration = { email: EmailAddress; password: string; caller: Caller };

async function store(
  { db, events, settings }: RegistrationDeps,
  signUp: NewSignUp,
  state: AccountState,
): Promise<Account | undefined> {
  if (settings.privacy === "discreet") return reserveAccount(db, signUp);
  const { unverifiedDays } = settings;
  const account = state === "none" ? await createUnverifiedAccount({ db, events }, signUp, unverifiedDays) : undefined;
  // Whoever proves the mailbox gets the account, so further sign-ups for an unverified account are kept.
  if (!account) await addSignUp(db, signUp);
  return account;
}

/** Answers without a hash while the queue is full: whoever has an account is still told so. */
async function refuseWithoutRoom(
  deps: RegistrationDeps,
  { email, caller }: ParsedRegistration,
): Promise<Result<never, Refused>> {
  const busy = refuse(deps.hasher.refuse(placeOf(caller, "sign_up")));
  if (!(await deps.throttle())) return busy;
  const spent = await deps.limiter.spend({ ip: caller.ip });
  if (!spent.ok) return spent;
  if (deps.settings.privacy === "discreet") return busy;
  return (await deps.batchedAccountState(email.key)) === "none"
    ? busy
    : refuse({ code: "email_taken", emailSent: false });
}

async function registerParsed(
  deps: RegistrationDeps,
  { email, password, caller }: ParsedRegistration,
  before: Outcome | undefined,
): Promise<Outcome> {
  const { db, hasher, limiter, settings, emailQueued } = deps;
  const place = placeOf(caller, "sign_up");

  if (caller.signal.aborted) {
    // It gets no hash, and is counted as gone. So nothing is asked of the database for it.
    const gone = await hasher.hash(password, caller.signal, place);
    if (!gone.ok) return { result: gone };
  }
  if (!hasher.hasRoom(place)) return { result: await refuseWithoutRoom(deps, { email, password, caller }) };

  // This lookup saves the hash of a known duplicate. The unique index decides.
  const state = settings.privacy === "discreet" ? "none" : await readAccountState(db, email.key);

  // Attempts at known addresses count too, because they reveal which addresses exist.
  const spent = await limiter.spend({ ip: caller.ip, emailKey: email.key, isNew: state !== "owned" });
  if (!spent.ok) return { result: spent };

  if (state === "owned") return { result: refuse({ code: "email_taken", emailSent: false }) };
  if (state === "unverified" && before?.deviceSecret !== undefined) {
    // The same address and password at the same moment, as by a double click: it is one sign-up, of one browser.
    caller.keepDeviceSecrets([before.deviceSecret]);
    return { ...before, result: refuse({ code: "email_taken", emailSent: true }) };
  }

  const hashed = await hasher.hash(password, caller.signal, place);
  if (!hashed.ok) {
    // The total is what can be hashed. A few networks that ask for much at once, and hang up, would use up all of it.
    await limiter.giveBackNew();
    return { result: hashed };
  }
  const { newDeviceSecret: deviceSecret } = caller;
  const { terms } = settings;
  const account = await store(deps, { email, hashedPassword: hashed.value, caller, terms }, state);
  emailQueued();
  caller.keepDeviceSecrets([deviceSecret]);
  return { result: account ? ok(account) : refuse({ code: "email_taken", emailSent: true }), deviceSecret };
}

/**
 * Registers one account for an address, however many registrations of it arrive at once. In discreet mode the work and
 * the answer are the same for every address, and the account in the answer is created once it is verified.
 */
export async function register(
  deps: RegistrationDeps,
  input: unknown,
  caller: Caller,
): Promise<Result<Account, "registration_closed" | "invalid_input" | Refused>> {
  if (!deps.settings.policy.open) return refuse({ code: "registration_closed" });
  const parsed = parseInput(deps.schema, input);
  if (!parsed.ok) return countInvalid(deps.limiter, caller, parsed);
  const registration = { ...parsed.value, caller };
  // With another password it is another sign-up, which is kept beside.
  const key = `${registration.email.key} ${registration.password}`;
  const { result } = await deps.mutex(key, (before) => registerParsed(deps, registration, before));
  return result;
}
