import { createHmac } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Response } from "express";
import { isEqual } from "../secrets/is-equal.ts";

export type BotDetectionSettings = {
  honeypot: boolean;
  /** The least milliseconds that a person takes to fill the form; 0 for none. */
  minFillMs: number;
  /** The same for all instances, because another may check the time that one signed. */
  key: Buffer;
};

export type BotSign = "honeypot" | "too_fast";

export type BotDetection = {
  fields(): { honeypot: boolean; rendered: string | undefined };
  /** Answer as if all were well, or the bot learns from it. */
  isBot(form: Record<string, unknown>, res: Response): boolean;
  /** Waits until the least time has passed. That slows bots down; browsers that fill forms for people lose little. */
  delay(form: Record<string, unknown>, res: Response, signal: AbortSignal): Promise<void>;
};

/** A form without a valid signed time passes: programs post to /register, and the key may have changed meanwhile. */
export function createBotDetection(
  { honeypot, minFillMs, key }: BotDetectionSettings,
  observe: (reason: BotSign) => void,
): BotDetection {
  const signed = (time: string) => `${time}.${createHmac("sha256", key).update(time).digest("base64url")}`;

  function remainingMs(rendered: unknown) {
    if (minFillMs === 0 || typeof rendered !== "string") return 0;
    const [time = ""] = rendered.split(".");
    if (!isEqual(rendered, signed(time))) return 0;
    const taken = Date.now() - Number(time);
    // A time in the future is from an instance whose clock is ahead.
    return taken < 0 ? 0 : Math.max(0, minFillMs - taken);
  }

  return {
    fields: () => ({ honeypot, rendered: minFillMs > 0 ? signed(String(Date.now())) : undefined }),
    isBot({ topic }, res) {
      if (!honeypot || topic === undefined || topic === "") return false;
      observe("honeypot");
      res.locals["note"] = "a bot filled the hidden field of the form";
      return true;
    },
    async delay({ rendered }, res, signal) {
      const early = remainingMs(rendered);
      if (early === 0) return;
      observe("too_fast");
      res.locals["note"] = `the form was filled too fast, and was delayed by ${early} ms`;
      await pause(early, undefined, { signal }).catch(() => {});
    },
  };
}
