import type { Knex } from "knex";
import { err, ok, type Result } from "../result.ts";
import { digest } from "../secrets/digest.ts";
import { createCounters, type Limit, type Rate } from "./counters.ts";
import { toNetwork, toNetworks } from "./network.ts";

export type Limits = {
  perIp: Rate;
  perEmail: Rate;
  total: Rate;
  /** Failed sign-ins of a network. */
  signIn: Rate;
};

export type LimitName = "requests" | "ip" | "email" | "total" | "guesses" | "sign_in";

export type RateLimited = {
  code: "rate_limited";
  retryAfterSeconds: number;
  limit: Rate & { name: LimitName };
};

export type Attempt = {
  ip: string;
  /** Where it is at an address, that address's `email_key`. */
  emailKey?: string;
  /** Whether it may take a hash for a new account. */
  isNew?: boolean;
};

/** A guess at an address's code. `tooMany` were made before, at that address or by all: then it may not be right. */
export type Guess = {
  tooMany: "of_address" | "of_all" | undefined;
  /** For a guess that was right. */
  giveBack(): Promise<unknown>;
};

export type SignInAttempt = {
  ip: string;
  emailKey: string;
  /** Whether the browser or session proved the address's password before. */
  isKnown: boolean;
};

export type Limiter = {
  spend(attempt: Attempt): Promise<Result<void, RateLimited>>;
  /** Has an attempt that might have made a new account, but got no hash, not count in total. */
  giveBackNew(): Promise<unknown>;
  spendGuess(emailKey: string): Promise<Guess>;
  /** Counts a sign-in as failed, until that is given back. */
  spendSignIn(attempt: SignInAttempt): Promise<Result<{ notFailed(): Promise<unknown> }, RateLimited>>;
};

export const UNLIMITED: Limiter = {
  spend: async () => ok(undefined),
  giveBackNew: async () => {},
  spendGuess: async () => ({ tooMany: undefined, giveBack: async () => {} }),
  spendSignIn: async () => ok({ notFailed: async () => {} }),
};

/** How many times a /64's count its /56 has, and a /56's its /48. */
const GROWTH = 4;

/** How much a network may have. @param n its place among those that `toNetworks` gives, 0 for the smallest. */
export function countOf({ count }: Rate, n: number): number {
  return count * GROWTH ** n;
}

/** Guesses at one of 10^8 codes: of an address a day, and of all addresses an hour. SECURITY.md has the arithmetic. */
const GUESSES_PER_EMAIL: Rate = { count: 20, seconds: 86_400 };
const GUESSES_IN_ALL: Rate = { count: 3000, seconds: 3600 };

function ofAll(total: Rate): Limit<LimitName> {
  return { ...total, name: "total", key: "all" };
}

/**
 * What an attempt spends. Each key is of the attempt's own network, or of all the world: none tells what others did at an
 * address, and none that a stranger can use up is the owner's.
 */
function limitsOf({ perIp, perEmail, total }: Limits, { ip, emailKey, isNew }: Attempt): Limit<LimitName>[] {
  const networks = toNetworks(ip).map((key, n) => ({ ...perIp, count: countOf(perIp, n), name: "ip", key }) as const);
  const email =
    emailKey === undefined
      ? []
      : [{ ...perEmail, name: "email", key: `${digest(emailKey)} ${toNetwork(ip)}` } as const];
  return [...networks, ...email, ...(isNew ? [ofAll(total)] : [])];
}

/** The failed sign-ins of a network's clients. A known browser does not count there, for it shares it with strangers. */
function failuresOf({ signIn }: Limits, { ip, isKnown }: SignInAttempt): Limit<LimitName>[] {
  if (isKnown) return [];
  return toNetworks(ip).map((key, n) => ({ ...signIn, count: countOf(signIn, n), name: "sign_in", key }) as const);
}

/**
 * All sign-ins at an address, failed or not, for each takes a hash: of a network's strangers, or of its known browsers. Not
 * of one browser, for whoever signs in again and again has any number that are known; nor of those of all networks, or
 * whoever knew the password once could keep out its owner.
 */
function signInsAt({ perEmail }: Limits, { ip, emailKey, isKnown }: SignInAttempt): Limit<LimitName> {
  return { ...perEmail, name: "email", key: `${digest(emailKey)} ${isKnown ? "known " : ""}${toNetwork(ip)}` };
}

/** Limits attempts, by network, e-mail address and in total. @param observe is called for each refused one. */
export function createLimiter(db: Knex, limits: Limits, observe: (limit: LimitName) => void): Limiter {
  const counters = createCounters(db);

  async function spend(spent: readonly Limit<LimitName>[]): Promise<Result<void, RateLimited>> {
    const exceeded = await counters.spend(spent);
    if (!exceeded) return ok(undefined);
    const { name, count, seconds } = exceeded.limit;
    observe(name);
    return err({
      code: "rate_limited",
      retryAfterSeconds: exceeded.retryAfterSeconds,
      limit: { name, count, seconds },
    });
  }

  return {
    spend: (attempt) => spend(limitsOf(limits, attempt)),
    async spendSignIn(attempt) {
      const failures = failuresOf(limits, attempt);
      const spent = await spend([...failures, signInsAt(limits, attempt)]);
      if (!spent.ok) return spent;
      return ok({ notFailed: async () => failures.length > 0 && counters.giveBack(failures) });
    },
    giveBackNew: () => counters.giveBack([ofAll(limits.total)]),
    async spendGuess(emailKey) {
      const all = { ...GUESSES_IN_ALL, name: "guesses", key: "all" } as const;
      const spent = [{ ...GUESSES_PER_EMAIL, name: "guesses", key: digest(emailKey) } as const, all];
      const exceeded = await counters.spend(spent);
      if (exceeded) observe("guesses");
      return {
        tooMany: exceeded && (exceeded.limit.key === all.key ? "of_all" : "of_address"),
        giveBack: () => counters.giveBack(spent),
      };
    },
  };
}
