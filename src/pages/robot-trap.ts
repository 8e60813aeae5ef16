import { createHmac, timingSafeEqual } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Response } from "express";

export type RobotTrapSettings = {
  /** Whether the form has a field that only robots fill. */
  honeypot: boolean;
  /** Milliseconds that a person takes at the least to fill the form: one that comes sooner waits for the rest of them. 0 for none. */
  minFillMs: number;
  /** Signs the time at which a form was given out. The same at all instances. */
  key: Buffer;
};

export type RobotReason = "honeypot" | "too_fast";

export type RobotTrap = {
  /** What the form needs for it. */
  fields(): { honeypot: boolean; given: string | undefined };
  /**
   * Tells whether a robot filled the hidden field, and has the log say so. Such a form is answered as if all were well, for a
   * robot that is told would do better next time.
   */
  catches(form: Record<string, unknown>, res: Response): boolean;
  /**
   * Waits until a form that came sooner than a person fills it is as old as that: robots are slowed down, and a test or a
   * person whose browser fills the form loses nothing. Nothing is held meanwhile but the request.
   * @param gone ends the wait when the client does not wait for it.
   */
  delay(form: Record<string, unknown>, res: Response, gone: AbortSignal): Promise<void>;
};

function isEqual(one: string, other: string) {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * Catches robots that fill in forms by a field that people do not see, and slows down those that take no time for it.
 * A form without the signed time passes, for programs may post to /register without having asked for the form; and so does one
 * that another key signed, for its database may be another by now, with the person's form still open.
 * @param observe hears of each form that was caught or delayed.
 */
export function createRobotTrap({ honeypot, minFillMs, key }: RobotTrapSettings, observe: (reason: RobotReason) => void): RobotTrap {
  const signed = (time: string) => `${time}.${createHmac("sha256", key).update(time).digest("base64url")}`;

  /** How much earlier than a person would the form came, in milliseconds. */
  function earlyBy(given: unknown) {
    if (minFillMs === 0 || typeof given !== "string") return 0;
    const [time = ""] = given.split(".");
    if (!isEqual(given, signed(time))) return 0;
    const taken = Date.now() - Number(time);
    // A time to come was given out by an instance whose clock is ahead.
    return taken < 0 ? 0 : Math.max(0, minFillMs - taken);
  }

  return {
    fields: () => ({ honeypot, given: minFillMs > 0 ? signed(String(Date.now())) : undefined }),
    catches({ topic }, res) {
      if (!honeypot || topic === undefined || topic === "") return false;
      observe("honeypot");
      res.locals["note"] = "a robot, by its form: the hidden field was filled";
      return true;
    },
    async delay({ given }, res, gone) {
      const early = earlyBy(given);
      if (early === 0) return;
      observe("too_fast");
      res.locals["note"] = `the form was filled too fast, and waited ${early} ms`;
      await pause(early, undefined, { signal: gone }).catch(() => {});
    },
  };
}
