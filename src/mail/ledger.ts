import { type Budget, type Spent, secondsUntilRoom } from "./budget.ts";

export type Counted = {
  mailbox: string;
  domain: string;
  network: string;
  /** How many seconds ago it went before, where it is tried again: within the window it is counted already. */
  went_age: number | null;
};

/** What a ledger starts from: emails that went, newest first, and the plans for those held back, latest first. */
export type Entries = {
  spent: readonly (Spent & { key: string })[];
  planned: readonly { key: string; network: string; seconds: number }[];
};

function listsBy<T>(entries: readonly T[], keyOf: (entry: T) => string): Map<string, T[]> {
  const lists = new Map<string, T[]>();
  for (const entry of entries) lists.set(keyOf(entry), [...(lists.get(keyOf(entry)) ?? []), entry]);
  return lists;
}

/**
 * Keeps the accounts of one budget while emails are chosen.
 * @param keyOf what the budget counts an email by; undefined where it does not count.
 */
export function createLedger(budget: Budget, keyOf: (email: Counted) => string | undefined, entries: Entries) {
  const spent = listsBy<Spent & { key: string }>(entries.spent, ({ key }) => key);
  const planned = listsBy(entries.planned, ({ key, network }) => `${key} ${network}`);
  const isSpent = ({ went_age }: Counted) => went_age !== null && went_age < budget.seconds;
  const spentFor = (email: Counted) => spent.get(keyOf(email) ?? "") ?? [];

  return {
    /** How many of those that went, and count with this email, its network caused. */
    share: (email: Counted) => spentFor(email).filter(({ network }) => network === email.network).length,
    isSame: (one: Counted, other: Counted) => keyOf(one) !== undefined && keyOf(one) === keyOf(other),
    secondsUntilRoom: (email: Counted, ahead: number) =>
      keyOf(email) === undefined || isSpent(email)
        ? 0
        : secondsUntilRoom(budget, spentFor(email), email.network, ahead),
    spend(email: Counted) {
      const key = keyOf(email);
      if (key !== undefined && !isSpent(email))
        spent.set(key, [{ key, network: email.network, age: 0 }, ...spentFor(email)]);
    },
    /**
     * Plans for when it is due an email that has to wait. One network's emails are planned one window after another, so
     * that few of them come at once and others come between them.
     */
    plan(email: Counted, seconds: number): number {
      const key = keyOf(email);
      if (key === undefined || this.secondsUntilRoom(email, 0) === 0) return seconds;
      const list = `${key} ${email.network}`;
      const before = planned.get(list) ?? [];
      const last = before[budget.count - 1];
      const due = last ? Math.max(seconds, last.seconds + budget.seconds) : seconds;
      const all = [...before, { key, network: email.network, seconds: due }];
      planned.set(
        list,
        all.toSorted((a, b) => b.seconds - a.seconds),
      );
      return due;
    },
  };
}

export type Ledger = ReturnType<typeof createLedger>;
