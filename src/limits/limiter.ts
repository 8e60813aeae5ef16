import { createHash } from "node:crypto";
import type { Knex } from "knex";
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from "rate-limiter-flexible";
import { networkOf } from "./network.ts";

/** So many in so many seconds, counted from the first. */
export type Rate = { count: number; seconds: number };

export type Limits = {
  /** From one client address (of IPv6, from one /64). */
  perAddress: Rate;
  /** For one e-mail address, from wherever. */
  perEmail: Rate;
  /** From all clients at all instances. */
  total: Rate;
};

/** A limit that is used up. */
export type Exceeded = Rate & { limit: "address" | "email" | "total"; retryAfterSeconds: number };

export type Limiter = {
  /** Counts an attempt, and tells which limit it exceeds. Attempts beyond a limit do not prolong it. */
  spend(attempt: { ip: string; emailKey: string }): Promise<Exceeded | undefined>;
};

/** Counts in the database, for all instances alike; in memory while it does not answer. */
function createCounter(db: Knex, limit: Exceeded["limit"], name: string, { count, seconds }: Rate) {
  const settings = { keyPrefix: name, points: count, duration: seconds };
  const counter = new RateLimiterPostgres({
    ...settings,
    storeClient: db,
    storeType: "knex",
    tableName: "rate_limits",
    tableCreated: true,
    // A key that is used up is refused from memory, without asking the database again.
    inMemoryBlockOnConsumed: count,
    insuranceLimiter: new RateLimiterMemory(settings),
  });
  return async (key: string): Promise<Exceeded | undefined> => {
    try {
      await counter.consume(key);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      return { limit, count, seconds, retryAfterSeconds: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)) };
    }
  };
}

/** Counts attempts by who makes them, whom they concern, and in all. */
export function createLimiter(db: Knex, { perAddress, perEmail, total }: Limits): Limiter {
  const fromAddress = createCounter(db, "address", "address", perAddress);
  const forEmail = createCounter(db, "email", "email", perEmail);
  const forEmailFromAddress = createCounter(db, "email", "owner", { ...perEmail, count: 1 });
  const inTotal = createCounter(db, "total", "total", total);

  /**
   * Whoever uses up an address's limit must not lock its owner out: each network has one attempt at the address of its
   * own. The rows hold a digest, for they need not tell who tried to register.
   */
  async function spendEmail(emailKey: string, network: string) {
    const email = createHash("sha256").update(emailKey).digest("base64url");
    return (await forEmail(email)) && (await forEmailFromAddress(`${email} ${network}`));
  }

  return {
    async spend({ ip, emailKey }) {
      const network = networkOf(ip);
      return (await fromAddress(network)) ?? (await spendEmail(emailKey, network)) ?? (await inTotal("all"));
    },
  };
}
