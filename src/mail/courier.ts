import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { Mail } from "../models/mail.ts";
import type { Letter } from "./letter.ts";
import type { Outbox } from "./outbox.ts";
import type { Render } from "./render.ts";
import { NotSent, type Transport } from "./transport.ts";

export type MailEvent = "sent" | "retried" | "given_up" | "dropped";

export type CourierParts = {
  outbox: Outbox;
  /** What a mail says, decided when it is sent; undefined where it has nothing to say any more. */
  write: (mail: Mail) => Promise<Letter | undefined>;
  render: Render;
  transport: Transport;
  log: Logger;
  observe: (event: MailEvent) => void;
};

export type Courier = {
  /** Says that there is mail, so that it need not wait until the courier looks. */
  wake(): void;
  /** Takes no more mail; what is being sent has a few seconds to be done. */
  stop(): Promise<void>;
};

/** How many mails are sent at a time: a server that is slow about one must not hold up the others. */
export const AT_A_TIME = 4;
const LOOK_EVERY_MS = 1000;
/** After a failure the next try waits this long, then twice as long, up to the longest. */
const FIRST_WAIT_SECONDS = 30;
const LONGEST_WAIT_SECONDS = 6 * 60 * 60;
/** With those waits about three days. RFC 5321 section 4.5.4.1 asks a queue for four or five, but by then the link is of no use. */
const MOST_ATTEMPTS = 20;
const LONGEST_AWAY_MS = 60_000;
const STOP_MS = 5000;

function secondsUntilNext(attempts: number) {
  return Math.min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** attempts) * (1 + Math.random() / 4);
}

/**
 * Takes mails out of the outbox and sends them, at least once each, beside any number of others who do the same.
 * A mail that fails waits by itself; while no mail server answers, all wait, and none is charged for it.
 */
export function startCourier({ outbox, write, render, transport, log, observe }: CourierParts): Courier {
  const stopping = new AbortController();
  const sending = new Set<Promise<void>>();
  /** Sent, but the database does not know it yet. */
  const unnoted = new Set<number>();
  let isServerThere = false;
  let awayMs = 0;
  let isOutboxThere = true;
  let isAwake = false;
  let rouse = () => {};

  const wake = () => {
    isAwake = true;
    rouse();
  };

  /** Until it is woken, which it may have been meanwhile, or for a while. */
  async function sleep(milliseconds: number) {
    if (!isAwake) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds).unref();
        rouse = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    isAwake = false;
  }

  async function fail(mail: Mail, { reason, message }: NotSent) {
    if (reason === "away" || reason === "broken") isServerThere = false;
    const attempts = mail.attempts + (reason === "away" ? 0 : 1);
    const givesUp = reason === "refused" || attempts >= MOST_ATTEMPTS;
    const seconds = secondsUntilNext(mail.attempts);
    const noted = givesUp ? await outbox.giveUp(mail, message) : await outbox.retry(mail, seconds, attempts, message);
    if (noted === 0) return;
    observe(givesUp ? "given_up" : "retried");
    log.warn({ mail: mail.id, attempts, reason }, givesUp ? "a mail was given up" : "a mail waits");
  }

  /** The database may be away at the very moment; a mail that is not noted as sent would be sent again when it is back. */
  async function noteSent(mail: Mail) {
    unnoted.add(mail.id);
    for (;;) {
      try {
        if ((await outbox.sent(mail)) > 0) observe("sent");
        return unnoted.delete(mail.id);
      } catch (error) {
        if (stopping.signal.aborted) throw error;
        await pause(LOOK_EVERY_MS);
      }
    }
  }

  async function deliver(mail: Mail) {
    // Its lease ended before that could be noted.
    if (unnoted.has(mail.id)) return;
    try {
      const letter = await write(mail);
      if (!letter) {
        await outbox.drop(mail);
        return observe("dropped");
      }
      await transport.send(await render(letter, mail));
    } catch (error) {
      if (error instanceof NotSent) return fail(mail, error);
      log.error({ err: error, mail: mail.id }, "a mail could not be written");
      return fail(mail, new NotSent("later", "It could not be written."));
    }
    awayMs = 0;
    await noteSent(mail);
  }

  function begin(mail: Mail) {
    const delivery = deliver(mail)
      .catch((error: unknown) => log.error({ err: error, mail: mail.id }, "a mail was left until its lease ends"))
      .finally(() => {
        if (sending.size === AT_A_TIME) wake();
        sending.delete(delivery);
      });
    sending.add(delivery);
  }

  /** Asks the mail server whether it is there, ever more seldom until it has taken a mail: that it answers is not enough. */
  async function waitForServer() {
    while (!isServerThere && !stopping.signal.aborted) {
      await pause(awayMs, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
      awayMs = Math.min(Math.max(awayMs * 2, LOOK_EVERY_MS), LONGEST_AWAY_MS);
      try {
        await transport.check();
        isServerThere = true;
      } catch (error) {
        log.warn({ err: error }, "no mail can be sent: the mail server does not answer, or refuses the login");
      }
    }
  }

  async function run() {
    while (!stopping.signal.aborted) {
      await waitForServer();
      const free = AT_A_TIME - sending.size;
      try {
        const mails = free > 0 && !stopping.signal.aborted ? await outbox.take(free) : [];
        isOutboxThere = true;
        mails.forEach(begin);
        if (mails.length < free || free === 0) await sleep(LOOK_EVERY_MS);
      } catch (error) {
        if (isOutboxThere) log.warn({ err: error }, "the outbox cannot be read; mails wait");
        isOutboxThere = false;
        await sleep(LOOK_EVERY_MS);
      }
    }
  }

  const running = run();
  return {
    wake,
    async stop() {
      stopping.abort();
      wake();
      const ended = running.then(() => Promise.all(sending));
      await Promise.race([ended, pause(STOP_MS, undefined, { ref: false })]);
      transport.close();
    },
  };
}
