import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { Mail } from "../models/mail.ts";
import type { Letter } from "./letter.ts";
import { LEASE_SECONDS, type Outbox } from "./outbox.ts";
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
/** Another may have the mail after its lease; so what was sent is noted before. */
const NOTE_MS = (LEASE_SECONDS - 90) * 1000;

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
  let isServerThere = false;
  let isOutboxThere = true;
  let awake = new AbortController();

  const wake = () => awake.abort();

  async function sleep(milliseconds: number) {
    const signal = AbortSignal.any([awake.signal, stopping.signal]);
    await pause(milliseconds, undefined, { signal, ref: false }).catch(() => {});
    awake = new AbortController();
  }

  async function fail(mail: Mail, failure: NotSent) {
    const givesUp = failure.reason === "refused" || mail.attempts + 1 >= MOST_ATTEMPTS;
    const noted = givesUp
      ? await outbox.giveUp(mail, failure.message)
      : await outbox.retry(mail, secondsUntilNext(mail.attempts), failure.message);
    if (!noted) return;
    observe(givesUp ? "given_up" : "retried");
    log.warn({ mail: mail.id, attempts: mail.attempts + 1, reason: failure.reason }, givesUp ? "a mail was given up" : "a mail waits");
  }

  /** The database may be away at the very moment; a mail that is not noted as sent would be sent again. */
  async function noteSent(mail: Mail) {
    const end = performance.now() + NOTE_MS;
    for (;;) {
      try {
        if (await outbox.sent(mail)) observe("sent");
        return;
      } catch (error) {
        if (performance.now() > end || stopping.signal.aborted) throw error;
        await pause(LOOK_EVERY_MS);
      }
    }
  }

  async function deliver(mail: Mail) {
    const letter = await write(mail);
    if (!letter) {
      await outbox.drop(mail);
      return observe("dropped");
    }
    try {
      await transport.send(await render(letter, mail));
    } catch (error) {
      const failure = error instanceof NotSent ? error : new NotSent("later", "It could not be written.", { cause: error });
      if (error !== failure) log.error({ err: error, mail: mail.id }, "a mail could not be written");
      if (failure.reason === "away") isServerThere = false;
      return fail(mail, failure);
    }
    await noteSent(mail);
  }

  function begin(mail: Mail) {
    const delivery = deliver(mail)
      .catch((error: unknown) => log.error({ err: error, mail: mail.id }, "a mail was left until its lease ends"))
      .finally(() => {
        sending.delete(delivery);
        wake();
      });
    sending.add(delivery);
  }

  async function waitForServer() {
    for (let wait = LOOK_EVERY_MS; !isServerThere && !stopping.signal.aborted; wait = Math.min(wait * 2, LONGEST_AWAY_MS)) {
      try {
        await transport.check();
        isServerThere = true;
      } catch (error) {
        log.warn({ err: error }, "no mail can be sent: the mail server does not answer, or refuses the login");
        await pause(wait, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
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
      await running;
      await Promise.race([Promise.all(sending), pause(STOP_MS, undefined, { ref: false })]);
      transport.close();
    },
  };
}
