import { setTimeout } from "node:timers/promises";

/** Resolves to true at the caller's turn, or to false after two seconds if its turn would come later. */
export type Throttle = () => Promise<boolean>;

const MAX_WAIT_MS = 2000;

/** A leaky bucket: admits callers at an even rate. */
export function createThrottle(perSecond: number): Throttle {
  const interval = 1000 / perSecond;
  let next = 0;
  return async () => {
    const now = performance.now();
    const turn = Math.max(now, next);
    const isAdmitted = turn - now <= MAX_WAIT_MS;
    if (isAdmitted) next = turn + interval;
    const wait = Math.min(turn - now, MAX_WAIT_MS);
    if (wait > 0) await setTimeout(wait);
    return isAdmitted;
  };
}
