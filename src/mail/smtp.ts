import nodemailer from "nodemailer";
import type { NodemailerError } from "nodemailer/lib/errors.js";
import { parseConnectionUrl } from "nodemailer/lib/shared";
import SMTPConnection from "nodemailer/lib/smtp-connection";
import type { Message } from "./message.ts";
import { NotSent, type Transport } from "./transport.ts";

const CONNECT_MS = 10_000;
const SILENCE_MS = 30_000;
/** All of a sending. Well below the lease, so that two couriers never send one mail at the same time. */
const SEND_MS = 60_000;

const TIMEOUTS = { connectionTimeout: CONNECT_MS, greetingTimeout: CONNECT_MS, socketTimeout: SILENCE_MS, dnsTimeout: CONNECT_MS };

/** Replies of this server may quote what it was sent; so much of them is enough to know why. */
const REPLY_CHARACTERS = 300;

/** Where in the dialogue a refusal is of one mail; `API` is nodemailer's word for before it began. */
const OF_A_MAIL = ["API", "MAIL FROM", "RCPT TO", "DATA"];

function isNodemailerError(error: unknown): error is NodemailerError {
  return error instanceof Error && "code" in error;
}

/**
 * What a failure means for a mail, by the class of the server's reply (RFC 5321 section 4.2.1) and by what it answered: only a
 * recipient or a text that is refused for good is given up. A refused login or sender is the operator's to mend, so the mail waits.
 */
function meaningOf(error: unknown): NotSent {
  if (!isNodemailerError(error)) throw error;
  const reply = (error.response || error.message).slice(0, REPLY_CHARACTERS);
  const { command = "", responseCode = 0 } = error;
  if (["ECONNECTION", "ETIMEDOUT", "EABORT"].includes(error.code ?? "")) return new NotSent("broken", reply);
  if (responseCode === 421 || !OF_A_MAIL.includes(command)) return new NotSent("away", reply);
  if (command === "MAIL FROM") return new NotSent("later", reply);
  return new NotSent(error.permanent || command === "API" ? "refused" : "later", reply);
}

/** A mail server, by a URL such as `smtps://user:password@host:465`. */
export function createSmtp(url: string, connections: number): Transport {
  const transporter = nodemailer.createTransport({
    ...TIMEOUTS,
    url,
    pool: true,
    maxConnections: connections,
    // It would send again where the connection broke before the reply; the outbox counts such mails.
    maxRequeues: 0,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  // What breaks while nothing is sent is seen at the next sending.
  transporter.on("error", () => {});

  /** Whether the server takes addresses beyond ASCII (RFC 6531), which has to be known before it is sent one. */
  function takesUtf8(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const connection = new SMTPConnection({ ...TIMEOUTS, ...parseConnectionUrl(url) });
      connection.on("error", reject);
      signal.addEventListener("abort", () => {
        connection.close();
        reject(new NotSent("away", "The mail server took too long."));
      });
      connection.connect((error) => {
        if (error) return reject(error);
        resolve(/^250[ -]SMTPUTF8\b/im.test(connection.lastServerResponse || ""));
        connection.quit();
      });
    });
  }

  async function refuseIfOutOfReach(to: string, signal: AbortSignal) {
    if (/^[\0-\x7f]*$/.test(to) || (await takesUtf8(signal))) return;
    throw new NotSent("refused", "The mail server does not take addresses with characters beyond ASCII (SMTPUTF8).");
  }

  return {
    async check() {
      await transporter.verify().catch((error: unknown) => {
        throw new NotSent("away", meaningOf(error).message);
      });
    },
    async send({ to, ...message }: Message) {
      const signal = AbortSignal.timeout(SEND_MS);
      try {
        await refuseIfOutOfReach(to, signal);
        await transporter.sendMail({
          ...message,
          // As an object, for what stands before the @ may have characters that an address list reads otherwise.
          to: { name: "", address: to },
          headers: { "Auto-Submitted": "auto-generated" },
          signal,
        });
      } catch (error) {
        throw error instanceof NotSent ? error : meaningOf(error);
      }
    },
    close: () => transporter.close({ force: true }),
  };
}
