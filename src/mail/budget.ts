export type Rate = { count: number; seconds: number };

/** How many emails may go to one mailbox, and of one network to one domain, within so many seconds. */
export type Budgets = { perMailbox: Rate; perDomain: Rate };

/** Of all that count together, how many more may go if each network causes but one of them. */
export const RESERVE_FACTOR = 4;

/** An email that went within the window: who caused it, and how many seconds ago. */
export type Spent = { network: string; age: number };

/** @param reserve up to how many may go in all, where a network that caused none within the window causes one. */
export type Budget = Rate & { reserve: number };

/**
 * When a budget has room for an email of a network: 0 is now. The window slides.
 * @param spent the newest first. @param ahead how many others, not sent yet, come before it.
 */
export function secondsUntilRoom(
  { count, seconds, reserve }: Budget,
  spent: readonly Spent[],
  network: string,
  ahead = 0,
): number {
  const untilFewer = (most: number, ages: readonly number[]) => {
    const last = ages[most - 1];
    return last === undefined ? 0 : Math.max(0, seconds - last);
  };
  const ages = spent.map(({ age }) => age);
  const own = spent.filter((one) => one.network === network).map(({ age }) => age);
  const common = untilFewer(count, [...Array<number>(Math.min(ahead, count)).fill(0), ...ages]);
  return Math.min(common, Math.max(untilFewer(1, own), untilFewer(reserve, ages)));
}
