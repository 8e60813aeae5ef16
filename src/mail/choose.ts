import type { EmailPurpose } from "../models/outbox-email.ts";
import { countRoom, type Slots } from "../outbox/slots.ts";
import { type Budgets, RESERVE_FACTOR } from "./budget.ts";
import { type Counted, createLedger, type Entries, type Ledger } from "./ledger.ts";
import { countAlike, mayBegin, type Sending } from "./slots.ts";

export type Candidate = Counted & {
  id: number;
  email_key: string;
  purpose: EmailPurpose;
  /** Whether a budget held it back before. */
  is_held: boolean;
  /**
   * When it was to go at first, in seconds, or when its network last got a slot, if that was later: who had to yield
   * comes before those whose turn is later, and who has many takes turns with who has one.
   */
  turn: number;
};

/** An email that a budget holds back, and in how many seconds it is due. */
export type Held = Pick<Candidate, "id" | "email_key" | "purpose" | "network"> & { seconds: number };

export type Found = { emails: readonly Candidate[]; mailboxes: Entries; domains: Entries; held: readonly Held[] };

export type Decision =
  | { id: number; action: "send" | "drop" }
  /** Not before so many seconds. */
  | { id: number; action: "hold"; seconds: number };

export const mailboxKey = ({ mailbox }: Counted) => mailbox || undefined;
export const domainKey = ({ network, domain }: Counted) => (network ? `${network} ${domain}` : undefined);

function openLedgers({ mailboxes, domains }: Found, budgets: Budgets | undefined): Ledger[] {
  if (!budgets) return [];
  const { perMailbox, perDomain } = budgets;
  return [
    createLedger({ ...perMailbox, reserve: RESERVE_FACTOR * perMailbox.count }, mailboxKey, mailboxes),
    createLedger({ ...perDomain, reserve: perDomain.count }, domainKey, domains),
  ];
}

/** Those whose network caused fewer of what counts together come first, so that a stranger's many wait for another's few. */
function countAhead(ledger: Ledger, email: Candidate, undecided: Iterable<Candidate>) {
  const share = ledger.share(email);
  return [...undecided].filter((one) => ledger.isSame(one, email) && ledger.share(one) < share).length;
}

function secondsToWait(ledgers: readonly Ledger[], email: Candidate, undecided: Iterable<Candidate>) {
  const waits = ledgers.map((ledger) => ledger.secondsUntilRoom(email, countAhead(ledger, email, undecided)));
  return Math.max(0, ...waits);
}

type Alike = Pick<Candidate, "email_key" | "purpose" | "network">;

function alikeKey({ network, purpose, email_key }: Alike) {
  return `${network} ${purpose} ${email_key}`;
}

/** A network's emails to one address say the same for one purpose, so only the newest of those held back is kept. */
function hold(ledgers: readonly Ledger[], email: Candidate, seconds: number, held: Map<string, Held>): Decision[] {
  const { id, email_key, purpose, network } = email;
  const key = alikeKey(email);
  const other = held.get(key);
  const dropped: Decision[] = [];
  let due = seconds;
  if (other && other.id > id) return [{ id, action: "drop" }];
  if (other && other.id < id) {
    dropped.push({ id: other.id, action: "drop" });
    // It takes the turn of the one before.
    if (other.seconds > 0) due = other.seconds;
  } else if (!email.is_held) {
    due = Math.max(...ledgers.map((ledger) => ledger.plan(email, seconds)));
  }
  held.set(key, { id, email_key, purpose, network, seconds: due });
  return [...dropped, { id, action: "hold", seconds: due }];
}

/**
 * Chooses which emails to send: first those whose network and domain have the fewest being sent, then those that wait
 * longest, as far as slots and budgets go. Those without a budget's room are held back until there may be some.
 */
export function choose(
  found: Found,
  slots: Slots,
  sendingNow: readonly Sending[],
  budgets: Budgets | undefined,
): Decision[] {
  const ledgers = openLedgers(found, budgets);
  const held = new Map(found.held.map((one) => [alikeKey(one), one]));
  const undecided = new Map(found.emails.map((email) => [email.id, email]));
  const sending = [...sendingNow];
  const decisions = new Map<number, Decision>();

  while (countRoom(slots, sending) > 0) {
    const [next] = [...undecided.values()]
      .filter((email) => mayBegin(slots, sending, email))
      .toSorted((a, b) => countAlike(sending, a) - countAlike(sending, b) || a.turn - b.turn || a.id - b.id);
    if (!next) break;
    undecided.delete(next.id);
    const seconds = secondsToWait(ledgers, next, undecided.values());
    if (seconds > 0) {
      const decided = hold(ledgers, next, seconds, held);
      for (const decision of decided) {
        undecided.delete(decision.id);
        decisions.set(decision.id, decision);
      }
    } else {
      for (const ledger of ledgers) ledger.spend(next);
      sending.push({ ...next, isQuick: true });
      decisions.set(next.id, { id: next.id, action: "send" });
    }
  }
  return [...decisions.values()];
}
