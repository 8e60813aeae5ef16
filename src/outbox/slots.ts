/** What is being sent. It is quick until it has taken a while. */
export type Slotted = { isQuick: boolean };

/** How many are sent at a time: the quick ones, and all. */
export type Slots = { quick: number; all: number };

export function countQuick(sending: readonly Slotted[]): number {
  return sending.filter(({ isQuick }) => isQuick).length;
}

/** How many may begin. */
export function countRoom({ quick, all }: Slots, sending: readonly Slotted[]): number {
  return Math.max(0, Math.min(quick - countQuick(sending), all - sending.length));
}
