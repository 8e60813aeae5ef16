import type { Knex } from "knex";
import type { KeyedMutex } from "../../admission/keyed-mutex.ts";
import type { Throttle } from "../../admission/throttle.ts";
import type { Hasher } from "../../hashing/hasher.ts";
import type { Limiter } from "../../limits/limiter.ts";
import { toSite } from "../../limits/network.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { type AccountState, readAccountState } from "../identity/account.ts";
import type { EmailAddress } from "../identity/email-address.ts";
import { type Account, parseInput } from "../identity/fields.ts";
import { type Result, refuse } from "../refusal.ts";
import type { ServiceSettings } from "../settings.ts";
import type { registrationInput } from "./input.ts";
import { addSignUp, createUnverifiedAccount, type NewSignUp, reserveAccount } from "./sign-ups.ts";

export type RegistrationDeps = {
  db: Knex;
  hasher: Hasher;
  limiter: Limiter;
  settings: ServiceSettings;
  schema: ReturnType<typeof registrationInput>;
  mutex: KeyedMutex;
  throttle: Throttle;
  batchedAccountState: (key: string) => Promise<AccountState>;
  emailQueued: () => void;
};

type ParsedRegistration = { email: EmailAddress; password: string; caller: Caller };

type Refused = "email_taken" | "rate_limited" | "busy";

async function hashWithinLimits(deps: RegistrationDeps, { email, password, caller }: ParsedRegistration) {
  const { hasher, limiter } = deps;
  const mailbox = await limiter.spendMailbox({ ip: caller.ip, emailKey: email.key });
  if (!mailbox.ok) return mailbox;
  const total = await limiter.spendTotal();
  const hashed = total.ok ? await hasher.hash(password, caller.signal) : total;
  if (!hashed.ok) await mailbox.value.refund();
  return hashed;
}

async function store(
  { db, settings }: RegistrationDeps,
  signUp: NewSignUp,
  state: AccountState,
): Promise<Account | undefined> {
  if (settings.privacy === "discreet") return reserveAccount(db, signUp);
  const account = state === "none" ? await createUnverifiedAccount(db, signUp, settings.unverifiedDays) : undefined;
  // Whoever proves the mailbox gets the account, so further sign-ups for an unverified account are kept.
  if (!account) await addSignUp(db, signUp);
  return account;
}

/** Answers without a hash while the queue is full: whoever has an account is still told so. */
async function refuseWithoutRoom(
  deps: RegistrationDeps,
  { email, caller }: ParsedRegistration,
): Promise<Result<never, Refused>> {
  const busy = refuse(deps.hasher.refuse());
  if (!(await deps.throttle())) return busy;
  const spent = await deps.limiter.spendIp(caller);
  if (!spent.ok) return spent;
  if (deps.settings.privacy === "discreet") return busy;
  return (await deps.batchedAccountState(email.key)) === "none"
    ? busy
    : refuse({ code: "email_taken", emailSent: false });
}

async function registerParsed(
  deps: RegistrationDeps,
  registration: ParsedRegistration,
  waited: boolean,
): Promise<Result<Account, Refused>> {
  const { db, hasher, limiter, settings, emailQueued } = deps;
  const { email, caller } = registration;
  const attempt = { ip: caller.ip, emailKey: email.key };

  if (!hasher.hasRoom()) return refuseWithoutRoom(deps, registration);

  // Attempts at known addresses count too, because they reveal which addresses exist.
  const ip = await limiter.spendIp(attempt);
  const spent = ip.ok ? await limiter.spendEmail(attempt) : ip;
  if (!spent.ok) return spent;

  // This lookup saves the hash of a known duplicate. The unique index decides.
  const state = settings.privacy === "discreet" ? "none" : await readAccountState(db, email.key);
  // Of concurrent registrations of one address the first gets the account; the others are refused without a hash.
  if (state === "owned" || (state === "unverified" && waited)) return refuse({ code: "email_taken", emailSent: false });

  const hashed = await hashWithinLimits(deps, registration);
  if (!hashed.ok) {
    if (state === "unverified") return refuse({ code: "email_taken", emailSent: false });
    await limiter.refundEmail(attempt);
    return hashed;
  }
  const account = await store(
    deps,
    {
      email,
      hashedPassword: hashed.value,
      deviceSecret: caller.deviceSecret,
      userAgent: caller.userAgent,
      network: toSite(caller.ip),
    },
    state,
  );
  emailQueued();
  return account ? ok(account) : refuse({ code: "email_taken", emailSent: true });
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
  if (!parsed.ok) return parsed;
  const registration = { ...parsed.value, caller };
  return deps.mutex(registration.email.key, (waited) => registerParsed(deps, registration, waited));
}
