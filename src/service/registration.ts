import type { Knex } from "knex";
import { UniqueViolationError } from "objection";
import type { Logger } from "pino";
import { isUnavailable } from "../db/faults.ts";
import type { Hasher } from "../hashing/hasher.ts";
import type { Limiter } from "../limits/limiter.ts";
import { User } from "../models/user.ts";
import type { Caller } from "./caller.ts";
import type { EmailAddress } from "./email-address.ts";
import type { Result, ServiceError } from "./errors.ts";
import { createAfterOthers } from "./in-flight.ts";
import { fieldErrors, type Registered, type RegistrationSettings, registrationInput } from "./input.ts";
import { createPace } from "./pace.ts";
import { createGatheredIsTaken, isTaken } from "./taken.ts";

export type RegistrationParts = {
  db: Knex;
  hasher: Hasher;
  /** Undefined where attempts are not limited. */
  limiter: Limiter | undefined;
  settings: RegistrationSettings;
  log: Logger;
};

const RETRY_AFTER_SECONDS = 5;

/**
 * While there is no room for another hash, no more than this many a second are looked up and answered. That is little work
 * each, but clients that come back at once can make it often enough to take the processor from those who were let in.
 */
const SHED_A_SECOND = 300;

function refuse(error: ServiceError): { ok: false; error: ServiceError } {
  return { ok: false, error };
}

function isRecord(input: unknown) {
  return typeof input === "object" && input !== null && !Array.isArray(input);
}

async function store(db: Knex, { email, key }: EmailAddress, hashedPassword: string): Promise<Result<Registered>> {
  try {
    const user = await User.query(db).insert({ email, email_key: key, hashed_password: hashedPassword });
    return { ok: true, value: { id: user.id, email: user.email } };
  } catch (fault) {
    if (fault instanceof UniqueViolationError && fault.constraint === User.emailKeyIsUnique) return refuse({ code: "email_taken" });
    throw fault;
  }
}

/**
 * Registers an account: exactly one for an address, however many ask at once.
 * @returns a function that takes what a client sent, as it came, and gives the account's id and address, or refuses with
 * `registration_closed`, `invalid_input` (each field's reason), `rate_limited`, `email_taken`, `busy` while more ask than
 * can be hashed in time, or `unavailable` while the database cannot be used.
 */
export function registration({ db, hasher, limiter, settings, log }: RegistrationParts) {
  const schema = registrationInput(settings);
  const shedding = createPace(SHED_A_SECOND);
  const isTakenGathered = createGatheredIsTaken(db);
  const afterOthers = createAfterOthers();

  /** Counts an attempt against its limits, known addresses too: whoever asks for many learns which exist. */
  async function limited(email: EmailAddress, { ip }: Caller) {
    const exceeded = await limiter?.spend({ ip, emailKey: email.key });
    return exceeded && refuse({ code: "rate_limited", ...exceeded });
  }

  /** Who has an account already is told so even when there is no room: it takes no hash. */
  async function shed(email: EmailAddress, caller: Caller, retryAfterSeconds: number) {
    const busy = refuse({ code: "busy", retryAfterSeconds });
    if (!(await shedding())) return busy;
    return (await limited(email, caller)) ?? ((await isTakenGathered(email.key)) ? refuse({ code: "email_taken" }) : busy);
  }

  async function create(email: EmailAddress, password: string, caller: Caller) {
    const place = hasher.enter(caller.gone);
    if (!place.ok) return shed(email, caller, place.retryAfterSeconds);
    try {
      const refusal = await limited(email, caller);
      if (refusal) return refusal;
      // This saves the hash of a known duplicate; the unique index is what decides.
      if (await isTaken(db, email.key)) return refuse({ code: "email_taken" });
      const hashed = await place.hash(password);
      return hashed.ok ? await store(db, email, hashed.value) : refuse({ code: "busy", retryAfterSeconds: hashed.retryAfterSeconds });
    } finally {
      place.leave();
    }
  }

  return async function register(input: unknown, caller: Caller): Promise<Result<Registered>> {
    if (!settings.policy.open) return refuse({ code: "registration_closed" });
    const parsed = schema.safeParse(isRecord(input) ? input : {});
    if (!parsed.success) return refuse({ code: "invalid_input", fields: fieldErrors(parsed.error) });
    try {
      const { email, password } = parsed.data;
      // Of many who ask for one address at once, one is hashed for.
      return await afterOthers(email.key, () => create(email, password, caller));
    } catch (fault) {
      if (!isUnavailable(fault)) throw fault;
      log.error({ err: fault, requestId: caller.requestId }, "the database is unavailable");
      return refuse({ code: "unavailable", retryAfterSeconds: RETRY_AFTER_SECONDS });
    }
  };
}
