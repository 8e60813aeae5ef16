import nodemailer from "nodemailer";
import type { NodemailerError } from "nodemailer/lib/errors.js";
import { parseConnectionUrl } from "nodemailer/lib/shared";
import SMTPConnection from "nodemailer/lib/smtp-connection";
import type { EmailMessage } from "./message.ts";
import { NotSent, type Transport } from "./transport.ts";

const [SECOND_MS, MINUTE_MS] = [1000, 60_000];
const CONNECT_TIMEOUT_MS = 30 * SECOND_MS;
// RFC 5321 section 4.5.3.2 has a least time for each step: 5 minutes for the greeting, up to 10 for the others.
// A client that gives up on the answer to the text sends an email again that the server has.
const GREETING_TIMEOUT_MS = 5 * MINUTE_MS;
const RESPONSE_TIMEOUT_MS = 10 * MINUTE_MS;
/** RFC 5321's times of all steps after the greeting add up to 25 minutes, and logging in takes some too. */
const SLOW_RESPONSES = 3;
/** Many servers take no more from one client. */
const CONNECTIONS = 20;

/** Returns options of nodemailer: those of the URL, which the settings checked, and defaults. */
export function smtpOptions(url: string) {
  const given = parseConnectionUrl(url);
  const option = (name: string, byDefault: number) => Number(given[name] ?? byDefault);
  const greetingTimeout = option("greetingTimeout", GREETING_TIMEOUT_MS);
  return {
    ...given,
    maxConnections: option("maxConnections", CONNECTIONS),
    dnsTimeout: option("dnsTimeout", CONNECT_TIMEOUT_MS),
    // nodemailer documents it as that of connecting, and counts the greeting and STARTTLS into it.
    connectionTimeout: option("connectionTimeout", CONNECT_TIMEOUT_MS) + greetingTimeout,
    greetingTimeout,
    socketTimeout: option("socketTimeout", RESPONSE_TIMEOUT_MS),
  };
}

type SmtpOptions = ReturnType<typeof smtpOptions>;

/** Replies may quote what was sent; so much of them tells why. */
const MAX_RESPONSE_CHARACTERS = 300;

/** Where in the dialogue a refusal is of one email; `API` is nodemailer's word for before it began. */
const COMMANDS_OF_ONE_EMAIL = ["API", "MAIL FROM", "RCPT TO", "DATA"];

function isNodemailerError(error: unknown): error is NodemailerError {
  return error instanceof Error && "code" in error;
}

// Replies have the classes of RFC 5321 section 4.2.1. Only a recipient or a text that is refused for good is given up.
// A refused login or sender is the operator's to mend, so the email waits.
function classifySmtpError(error: unknown): NotSent {
  if (!isNodemailerError(error)) throw error;
  const response = (error.response || error.message).slice(0, MAX_RESPONSE_CHARACTERS);
  const { command = "", responseCode = 0 } = error;
  if (["ECONNECTION", "ETIMEDOUT", "EABORT"].includes(error.code ?? ""))
    return new NotSent("connection_lost", response);
  if (responseCode === 421 || !COMMANDS_OF_ONE_EMAIL.includes(command)) return new NotSent("server_down", response);
  if (command === "MAIL FROM") return new NotSent("transient", response);
  return new NotSent(error.permanent || command === "API" ? "permanent" : "transient", response);
}

/** Whether the server takes addresses beyond ASCII (RFC 6531), which has to be known before it is sent one. */
function supportsUtf8(options: SmtpOptions, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const connection = new SMTPConnection(options);
    connection.on("error", reject);
    signal.addEventListener("abort", () => {
      connection.close();
      reject(new NotSent("server_down", "The mail server took too long."));
    });
    connection.connect((error) => {
      if (error) return reject(error);
      resolve(/^250[ -]SMTPUTF8\b/im.test(connection.lastServerResponse || ""));
      connection.quit();
    });
  });
}

async function refuseUnlessReachable(to: string, options: SmtpOptions, signal: AbortSignal) {
  if (/^[\0-\x7f]*$/.test(to) || (await supportsUtf8(options, signal))) return;
  throw new NotSent("permanent", "The mail server does not take addresses with characters beyond ASCII (SMTPUTF8).");
}

/** A mail server, by a URL such as `smtps://user:password@host:465`, which may carry options of nodemailer. */
export function createSmtp(url: string): Transport {
  const options = smtpOptions(url);
  const sendTimeoutMs = options.connectionTimeout + SLOW_RESPONSES * options.socketTimeout;
  const transporter = nodemailer.createTransport({
    ...options,
    pool: true,
    // It would send again where the connection broke before the reply; the outbox counts such emails.
    maxRequeues: 0,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  // What breaks while nothing is sent is seen at the next sending.
  transporter.on("error", () => {});

  return {
    connections: options.maxConnections,
    async check() {
      await transporter.verify().catch((error: unknown) => {
        throw new NotSent("server_down", classifySmtpError(error).message);
      });
    },
    async send({ to, ...message }: EmailMessage, givenUp: AbortSignal) {
      const signal = AbortSignal.any([givenUp, AbortSignal.timeout(sendTimeoutMs)]);
      try {
        await refuseUnlessReachable(to, options, signal);
        await transporter.sendMail({
          ...message,
          // As an object, for what stands before the @ may have characters that an address list reads otherwise.
          to: { name: "", address: to },
          headers: { "Auto-Submitted": "auto-generated" },
          signal,
        });
      } catch (error) {
        throw error instanceof NotSent ? error : classifySmtpError(error);
      }
    },
    close: () => transporter.close({ force: true }),
  };
}
