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
  /** After so many milliseconds the sending of a mail counts as slow. */
  slowMs?: number;
};

export type Courier = {
  /** Says that there is mail, so that it need not wait until the courier looks. */
  wake(): void;
  /** Takes no more mail; what is being sent has a few seconds to be done. */
  stop(): Promise<void>;
};

/**
 * How many mails are sent at a time, beside those that the server is slow about: they may take minutes each, and hold up no
 * others until the transport has no more connections.
 */
export const AT_A_TIME = 4;
const SLOW_MS = 5000;
/** Renewed so often within its time, a lease outlasts a database that was away for most of it. */
const RENEWALS = 4;
const LOOK_EVERY_MS = 1000;
/** After a failure the next try waits this long, then twice as long, up to the longest. */
const FIRST_WAIT_SECONDS = 30;
const LONGEST_WAIT_SECONDS = 6 * 60 * 60;
/** With those waits about three days. RFC 5321 section 4.5.4.1 asks a queue for four or five, but by then the link is of no use. */
const MOST_ATTEMPTS = 20;
const LONGEST_AWAY_MS = 60_000;
const STOP_MS = 4000;

function secondsUntilNext(attempts: number) {
  return Math.min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** attempts) * (1 + Math.random() / 4);
}

/**
 * Takes mails out of the outbox and sends them, at least once each, beside any number of others who do the same.
 * A mail that fails waits by itself; while no mail server answers, all wait, and none is charged for it.
 */
export function startCourier({ outbox, write, render, transport, log, observe, slowMs = SLOW_MS }: CourierParts): Courier {
  const stopping = new AbortController();
  const sending = new Set<Promise<void>>();
  /** Those of them that are not slow. */
  const quick = new Set<Promise<void>>();
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

  const room = () => Math.min(AT_A_TIME - quick.size, transport.connections - sending.size);

  /** Renews the lease of a mail for as long as it is being sent. @returns how to end that, and a signal that it was lost. */
  function hold(mail: Mail) {
    const lost = new AbortController();
    const renew = async () => {
      // While the database is away nobody else can take it.
      if ((await outbox.renew(mail).catch(() => undefined)) === 0) lost.abort();
    };
    const timer = setInterval(renew, (outbox.leaseSeconds * 1000) / RENEWALS).unref();
    return { lost: lost.signal, release: () => clearInterval(timer) };
  }

  async function fail(mail: Mail, { reason, message }: NotSent) {
    if (reason === "away" || reason === "broken") isServerThere = false;
    const attempts = mail.attempts + (reason === "away" ? 0 : 1);
    const givesUp = reason === "refused" || attempts >= MOST_ATTEMPTS;
    const seconds = secondsUntilNext(mail.attempts);
    const noted = givesUp ? await outbox.giveUp(mail, message) : await outbox.retry(mail, seconds, attempts, message);
    if (noted === 0) return log.warn({ mail: mail.id, reason }, "a mail was taken by another instance while it was being sent");
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

  async function deliver(mail: Mail, lost: AbortSignal) {
    // Its lease ended before that could be noted.
    if (unnoted.has(mail.id)) return;
    try {
      const letter = await write(mail);
      if (!letter) {
        await outbox.drop(mail);
        return observe("dropped");
      }
      await transport.send(await render(letter, mail), lost);
    } catch (error) {
      if (error instanceof NotSent) return fail(mail, error);
      log.error({ err: error, mail: mail.id }, "a mail could not be written");
      return fail(mail, new NotSent("later", "It could not be written."));
    }
    awayMs = 0;
    await noteSent(mail);
  }

  /** Takes a delivery off those that count, and looks for the next where that makes room. */
  function leave(delivery: Promise<void>, places: readonly Set<Promise<void>>[]) {
    const wasFull = room() <= 0;
    for (const place of places) place.delete(delivery);
    if (wasFull && room() > 0) wake();
  }

  function begin(mail: Mail) {
    const { lost, release } = hold(mail);
    const slow = setTimeout(() => leave(delivery, [quick]), slowMs).unref();
    const delivery = deliver(mail, lost)
      .catch((error: unknown) => log.error({ err: error, mail: mail.id }, "a mail was left until its lease ends"))
      .finally(() => {
        release();
        clearTimeout(slow);
        leave(delivery, [quick, sending]);
      });
    sending.add(delivery);
    quick.add(delivery);
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
      const free = room();
      try {
        const mails = free > 0 && !stopping.signal.aborted ? await outbox.take(free) : [];
        isOutboxThere = true;
        mails.forEach(begin);
        if (mails.length < free || free <= 0) await sleep(LOOK_EVERY_MS);
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
