import { setTimeout } from "node:timers/promises";

/** Waits for a turn and resolves to true, or to false after a second where too many wait. */
export type Pace = () => Promise<boolean>;

const LONGEST_MS = 1000;

/** Gives turns evenly, so many a second. */
export function createPace(perSecond: number): Pace {
  const step = 1000 / perSecond;
  let next = 0;
  return async () => {
    const now = performance.now();
    const mine = Math.max(now, next);
    const inTime = mine - now <= LONGEST_MS;
    if (inTime) next = mine + step;
    const pause = Math.min(mine - now, LONGEST_MS);
    if (pause > 0) await setTimeout(pause);
    return inTime;
  };
}
