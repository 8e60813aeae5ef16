import type { Knex } from "knex";
import type { Logger } from "pino";
import { isUnavailable, violatedUnique } from "../db/faults.ts";
import type { Hasher } from "../hashing/hasher.ts";
import type { Attempt, Exceeded, Limiter } from "../limits/limiter.ts";
import { User } from "../models/user.ts";
import type { Caller } from "./caller.ts";
import type { EmailAddress } from "./email-address.ts";
import type { Result, ServiceError } from "./errors.ts";
import { fieldErrors, type Registered, type RegistrationSettings, registrationInput } from "./input.ts";
import { createOneAtATime } from "./one-at-a-time.ts";
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
    if (violatedUnique(fault) === User.emailKeyIsUnique) return refuse({ code: "email_taken" });
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
  const oneAtATime = createOneAtATime();

  function limited(exceeded: Exceeded | undefined) {
    return exceeded && refuse({ code: "rate_limited", ...exceeded });
  }

  /** Who has an account already is told so even when there is no room: it takes no hash. */
  async function shed(email: EmailAddress, attempt: Attempt) {
    const busy = refuse({ code: "busy", retryAfterSeconds: hasher.turnAway() });
    if (!(await shedding())) return busy;
    const refusal = limited(await limiter?.byAddress(attempt));
    return refusal ?? ((await isTakenGathered(email.key)) ? refuse({ code: "email_taken" }) : busy);
  }

  async function hashAndStore(email: EmailAddress, password: string, caller: Caller): Promise<Result<Registered>> {
    const place = hasher.enter(caller.gone);
    if (!place.ok) return refuse({ code: "busy", retryAfterSeconds: place.retryAfterSeconds });
    const hashed = await place.hash(password);
    return hashed.ok ? store(db, email, hashed.value) : refuse({ code: "busy", retryAfterSeconds: hashed.retryAfterSeconds });
  }

  async function create(email: EmailAddress, password: string, caller: Caller): Promise<Result<Registered>> {
    const attempt = { ip: caller.ip, emailKey: email.key };
    if (!hasher.hasRoom()) return shed(email, attempt);
    // Known addresses count too: whoever asks for many learns which exist.
    const refusal = limited((await limiter?.byAddress(attempt)) ?? (await limiter?.byEmail(attempt)));
    if (refusal) return refusal;
    // This saves the hash of a known duplicate; the unique index is what decides.
    if (await isTaken(db, email.key)) return refuse({ code: "email_taken" });
    const result = limited(await limiter?.inTotal()) ?? (await hashAndStore(email, password, caller));
    if (!result.ok && result.error.code !== "email_taken") await limiter?.giveBack(attempt);
    return result;
  }

  return async function register(input: unknown, caller: Caller): Promise<Result<Registered>> {
    if (!settings.policy.open) return refuse({ code: "registration_closed" });
    const parsed = schema.safeParse(isRecord(input) ? input : {});
    if (!parsed.success) return refuse({ code: "invalid_input", fields: fieldErrors(parsed.error) });
    try {
      const { email, password } = parsed.data;
      // Of many who ask for one address at once, one is hashed for.
      return await oneAtATime(email.key, () => create(email, password, caller));
    } catch (fault) {
      if (!isUnavailable(fault)) throw fault;
      log.error({ err: fault, requestId: caller.requestId }, "the database is unavailable");
      return refuse({ code: "unavailable", retryAfterSeconds: RETRY_AFTER_SECONDS });
    }
  };
}
