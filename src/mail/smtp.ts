import nodemailer from "nodemailer";
import type { NodemailerError } from "nodemailer/lib/errors.js";
import { parseConnectionUrl } from "nodemailer/lib/shared";
import SMTPConnection from "nodemailer/lib/smtp-connection";
import type { Message } from "./message.ts";
import { NotSent, type Transport } from "./transport.ts";

const [SECOND_MS, MINUTE_MS] = [1000, 60_000];
const CONNECT_MS = 30 * SECOND_MS;
/**
 * RFC 5321 section 4.5.3.2 has a least time for each step. That of the greeting is 5 minutes, and the longest of the others, 10,
 * that of the answer to the text: whoever gives up on it sends a mail again that the server has. So each may take that long.
 */
const GREETING_MS = 5 * MINUTE_MS;
const ANSWER_MS = 10 * MINUTE_MS;
/** The RFC's times of all steps after the greeting add up to 25 minutes, and logging in takes some too. */
const ANSWERS = 3;
/** Many servers take no more from one client. */
const CONNECTIONS = 20;

/** Options of nodemailer: those of the URL, which were checked as a setting, and what it leaves open. */
export function smtpOptions(url: string) {
  const given = parseConnectionUrl(url);
  const option = (name: string, byDefault: number) => Number(given[name] ?? byDefault);
  const greetingTimeout = option("greetingTimeout", GREETING_MS);
  return {
    ...given,
    maxConnections: option("maxConnections", CONNECTIONS),
    dnsTimeout: option("dnsTimeout", CONNECT_MS),
    // nodemailer documents it as that of connecting, and counts the greeting and STARTTLS into it.
    connectionTimeout: option("connectionTimeout", CONNECT_MS) + greetingTimeout,
    greetingTimeout,
    socketTimeout: option("socketTimeout", ANSWER_MS),
  };
}

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

/** A mail server, by a URL such as `smtps://user:password@host:465`, which may carry options of nodemailer. */
export function createSmtp(url: string): Transport {
  const options = smtpOptions(url);
  const sendMs = options.connectionTimeout + ANSWERS * options.socketTimeout;
  const transporter = nodemailer.createTransport({
    ...options,
    pool: true,
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
      const connection = new SMTPConnection(options);
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
    connections: options.maxConnections,
    async check() {
      await transporter.verify().catch((error: unknown) => {
        throw new NotSent("away", meaningOf(error).message);
      });
    },
    async send({ to, ...message }: Message, givenUp: AbortSignal) {
      const signal = AbortSignal.any([givenUp, AbortSignal.timeout(sendMs)]);
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
