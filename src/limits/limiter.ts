import type { Knex } from "knex";
import { err, ok, type Result } from "../result.ts";
import { digest } from "../secrets/digest.ts";
import { type Counter, createCounter, type Rate } from "./counter.ts";
import { toNetwork } from "./network.ts";

export type Limits = {
  perIp: Rate;
  perEmail: Rate;
  perMailbox: Rate;
  total: Rate;
};

export const LIMIT_NAMES = ["requests", "ip", "email", "mailbox", "total"] as const;

export type LimitName = (typeof LIMIT_NAMES)[number];

export type RateLimited = {
  code: "rate_limited";
  retryAfterSeconds: number;
  limit: Rate & { name: LimitName };
};

export type Attempt = { ip: string; emailKey: string };

type Spent = Result<void, RateLimited>;

export type Limiter = {
  spendIp(attempt: Pick<Attempt, "ip">): Promise<Spent>;
  spendEmail(attempt: Attempt): Promise<Spent>;
  refundEmail(attempt: Attempt): Promise<unknown>;
  /** Call `refund` if the email is not sent. */
  spendMailbox(attempt: Attempt): Promise<Result<{ refund(): Promise<unknown> }, RateLimited>>;
  spendTotal(): Promise<Spent>;
};

export const UNLIMITED: Limiter = {
  spendIp: async () => ok(undefined),
  spendEmail: async () => ok(undefined),
  refundEmail: async () => {},
  spendMailbox: async () => ok({ refund: async () => {} }),
  spendTotal: async () => ok(undefined),
};

/** Beyond a mailbox's limit, networks may together cause this many times the limit, each one email. */
const RESERVE_FACTOR = 3;

type Spend = (counter: Counter, key: string, limit: RateLimited["limit"]) => Promise<Spent>;

function createSpend(observe: (limit: LimitName) => void): Spend {
  return async (counter, key, limit) => {
    const retryAfterSeconds = await counter.spend(key);
    if (retryAfterSeconds === undefined) return ok(undefined);
    observe(limit.name);
    return err({ code: "rate_limited", retryAfterSeconds, limit });
  };
}

/** Using up an address's limit must not lock its owner out, so each network has one attempt of its own beyond it. */
function limitEmail(db: Knex, rate: Rate, spend: Spend): Pick<Limiter, "spendEmail" | "refundEmail"> {
  const all = createCounter(db, "email", rate);
  const own = createCounter(db, "owner", { ...rate, count: 1 });
  return {
    async spendEmail(attempt) {
      if ((await all.spend(digest(attempt.emailKey))) === undefined) return ok(undefined);
      return spend(own, ownKey(attempt), { ...rate, count: 1, name: "email" });
    },
    refundEmail: (attempt) => own.forget(ownKey(attempt)),
  };
}

/** The same for emails. The attempts beyond the limit are bounded too, or many networks could flood a mailbox. */
function limitMailbox(db: Knex, rate: Rate, spend: Spend): Pick<Limiter, "spendMailbox"> {
  const all = createCounter(db, "mailbox", rate);
  const own = createCounter(db, "own-mail", { ...rate, count: 1 });
  const reserve = { ...rate, count: rate.count * RESERVE_FACTOR };
  const reserves = createCounter(db, "reserve", reserve);
  return {
    async spendMailbox(attempt) {
      const [mailbox, network] = [digest(attempt.emailKey), ownKey(attempt)];
      if ((await all.spend(mailbox)) === undefined) return ok({ refund: () => all.giveBack(mailbox) });
      const ownSpent = await spend(own, network, { ...rate, count: 1, name: "mailbox" });
      if (!ownSpent.ok) return ownSpent;
      const reserveSpent = await spend(reserves, mailbox, { ...reserve, name: "mailbox" });
      if (reserveSpent.ok) return ok({ refund: () => Promise.all([own.forget(network), reserves.giveBack(mailbox)]) });
      await own.forget(network);
      return reserveSpent;
    },
  };
}

function ownKey({ ip, emailKey }: Attempt) {
  return `${digest(emailKey)} ${toNetwork(ip)}`;
}

/** Limits attempts, by network, e-mail address, mailbox and in total. @param observe is called for each refused one. */
export function createLimiter(
  db: Knex,
  { perIp, perEmail, perMailbox, total }: Limits,
  observe: (limit: LimitName) => void,
): Limiter {
  const spend = createSpend(observe);
  const ips = createCounter(db, "ip", perIp);
  const totals = createCounter(db, "total", total);
  return {
    ...limitEmail(db, perEmail, spend),
    ...limitMailbox(db, perMailbox, spend),
    spendIp: ({ ip }) => spend(ips, toNetwork(ip), { ...perIp, name: "ip" }),
    spendTotal: () => spend(totals, "all", { ...total, name: "total" }),
  };
}
