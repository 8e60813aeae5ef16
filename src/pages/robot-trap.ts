import { createHmac, timingSafeEqual } from "node:crypto";
import type { Response } from "express";

export type RobotTrapSettings = {
  /** Whether the form has a field that only robots fill. */
  honeypot: boolean;
  /** Milliseconds that a person takes at the least to fill the form; 0 for none. */
  minFillMs: number;
  /** Signs the time at which a form was given out. The same at all instances. */
  key: Buffer;
};

export type RobotTrap = {
  /** What the form needs for it. */
  fields(): { honeypot: boolean; given: string | undefined };
  /**
   * Tells whether a form was filled by a robot, and has the log say why. Such a form is answered as if all were well, for a
   * robot that is told would do better next time.
   */
  catches(form: Record<string, unknown>, res: Response): boolean;
};

function isEqual(one: string, other: string) {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * Catches robots that fill in forms: by a field that people do not see, and by the time they take.
 * A form without the signed time passes: programs may post to /register without having asked for the form.
 */
export function createRobotTrap({ honeypot, minFillMs, key }: RobotTrapSettings): RobotTrap {
  const signed = (time: string) => `${time}.${createHmac("sha256", key).update(time).digest("base64url")}`;

  function reasonAgainst({ topic, given }: Record<string, unknown>) {
    if (honeypot && topic !== undefined && topic !== "") return "the hidden field was filled";
    if (minFillMs === 0 || typeof given !== "string" || given === "") return undefined;
    const [time = ""] = given.split(".");
    if (!isEqual(given, signed(time))) return "the form's time was forged";
    const taken = Date.now() - Number(time);
    // A time to come was given out by an instance whose clock is ahead.
    return taken >= 0 && taken < minFillMs ? "the form was filled too fast" : undefined;
  }

  return {
    fields: () => ({ honeypot, given: minFillMs > 0 ? signed(String(Date.now())) : undefined }),
    catches(form, res) {
      const reason = reasonAgainst(form);
      if (reason) res.locals["note"] = `a robot, by its form: ${reason}`;
      return reason !== undefined;
    },
  };
}
