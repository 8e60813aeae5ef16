import { createHash } from "node:crypto";
import type { Knex } from "knex";
import { type Counter, createCounter, type Rate } from "./counter.ts";
import { networkOf } from "./network.ts";

export type Limits = {
  /** From one client address (of IPv6, from one /64). */
  perAddress: Rate;
  /** For one e-mail address, from wherever. */
  perEmail: Rate;
  /** Of mails to one e-mail address, for whatever reason. */
  perMailbox: Rate;
  /** Of hashes, for all clients at all instances. */
  total: Rate;
};

/** A limit that is used up. */
export type Exceeded = Rate & { limit: "address" | "email" | "mailbox" | "total"; retryAfterSeconds: number };

export type Attempt = { ip: string; emailKey: string };

/** Each counts an attempt and tells whether that exceeds its limit. */
export type Limiter = {
  byAddress(attempt: Pick<Attempt, "ip">): Promise<Exceeded | undefined>;
  byEmail(attempt: Attempt): Promise<Exceeded | undefined>;
  /** Counts a mail to an e-mail address, and gives a way to take that back where none was sent. */
  byMailbox(attempt: Attempt): Promise<{ exceeded: Exceeded } | { giveBack(): Promise<unknown> }>;
  inTotal(): Promise<Exceeded | undefined>;
  /** Gives a network its own attempt at an e-mail address back, where that came to nothing for no fault of its own. */
  giveBack(attempt: Attempt): Promise<unknown>;
};

/** Times the limit of a mailbox: what networks may add to it together, each with its one mail. */
const RESERVE = 3;

/** The rows hold a digest, for they need not tell at a glance who tried to register. */
function digestOf({ emailKey }: Attempt) {
  return createHash("sha256").update(emailKey).digest("base64url");
}

/**
 * Counts attempts by who makes them, whom they concern, and in all.
 * @param observe hears of each that is refused, by which limit.
 */
export function createLimiter(
  db: Knex,
  { perAddress, perEmail, perMailbox, total }: Limits,
  observe: (limit: Exceeded["limit"]) => void,
): Limiter {
  const addresses = createCounter(db, "address", perAddress);
  const emails = createCounter(db, "email", perEmail);
  // Whoever uses up an e-mail address's limit must not lock its owner out: each network has one attempt at it of its own.
  const ownAttempt = { ...perEmail, count: 1 };
  const owners = createCounter(db, "owner", ownAttempt);
  const mails = createCounter(db, "mailbox", perMailbox);
  // The same for mails; but all those together are bounded too, or one with many networks could flood a mailbox.
  const ownMail = { ...perMailbox, count: 1 };
  const ownMails = createCounter(db, "own-mail", ownMail);
  const reserve = { ...perMailbox, count: perMailbox.count * RESERVE };
  const reserves = createCounter(db, "reserve", reserve);
  const hashes = createCounter(db, "total", total);

  const ownerKey = (attempt: Attempt) => `${digestOf(attempt)} ${networkOf(attempt.ip)}`;

  async function spend(counter: Counter, key: string, limit: Exceeded["limit"], rate: Rate): Promise<Exceeded | undefined> {
    const retryAfterSeconds = await counter.spend(key);
    if (retryAfterSeconds === undefined) return undefined;
    observe(limit);
    return { limit, ...rate, retryAfterSeconds };
  }

  return {
    byAddress: ({ ip }) => spend(addresses, networkOf(ip), "address", perAddress),
    async byEmail(attempt) {
      if ((await emails.spend(digestOf(attempt))) === undefined) return undefined;
      return spend(owners, ownerKey(attempt), "email", ownAttempt);
    },
    async byMailbox(attempt) {
      const [all, own] = [digestOf(attempt), ownerKey(attempt)];
      if ((await mails.spend(all)) === undefined) return { giveBack: () => mails.giveBack(all) };
      const exceeded = await spend(ownMails, own, "mailbox", ownMail);
      if (exceeded) return { exceeded };
      const spent = await spend(reserves, all, "mailbox", reserve);
      if (!spent) return { giveBack: () => Promise.all([ownMails.forget(own), reserves.giveBack(all)]) };
      await ownMails.forget(own);
      return { exceeded: spent };
    },
    inTotal: () => spend(hashes, "all", "total", total),
    giveBack: (attempt) => owners.forget(ownerKey(attempt)),
  };
}
