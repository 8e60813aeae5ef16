import { once } from "node:events";
import { isIP, connect as netConnect, type Socket } from "node:net";
import { connect as tlsConnect } from "node:tls";
import nodemailer from "nodemailer";
import type { NodemailerError } from "nodemailer/lib/errors.js";
import type { GetSocketCallback } from "nodemailer/lib/mailer";
import { parseConnectionUrl } from "nodemailer/lib/shared";
import SMTPConnection from "nodemailer/lib/smtp-connection";
import { NotSent } from "../outbox/not-sent.ts";
import { readableResponse } from "../outbox/response.ts";
import type { Transport } from "../outbox/transport.ts";
import type { EmailMessage } from "./message.ts";

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
  const { localAddress } = given;
  const option = (name: string, byDefault: number) => Number(given[name] ?? byDefault);
  return {
    ...given,
    localAddress: typeof localAddress === "string" ? localAddress : undefined,
    maxConnections: option("maxConnections", CONNECTIONS),
    dnsTimeout: option("dnsTimeout", CONNECT_TIMEOUT_MS),
    connectionTimeout: option("connectionTimeout", CONNECT_TIMEOUT_MS),
    greetingTimeout: option("greetingTimeout", GREETING_TIMEOUT_MS),
    socketTimeout: option("socketTimeout", RESPONSE_TIMEOUT_MS),
  };
}

type SmtpOptions = ReturnType<typeof smtpOptions>;

/**
 * Opens connections for nodemailer, which would count the greeting and STARTTLS into `connectionTimeout`: here that is
 * the time for the name, TCP and, with smtps://, TLS.
 */
async function openSocket(options: SmtpOptions): Promise<Socket> {
  const { host = "localhost", secure = false, tls, localAddress, dnsTimeout, connectionTimeout } = options;
  const port = options.port ?? (secure ? 465 : 587);
  const to = { host, port, localAddress };
  const socket = secure ? tlsConnect({ ...(isIP(host) ? {} : { servername: host }), ...to, ...tls }) : netConnect(to);
  // Also for what comes before nodemailer listens.
  socket.on("error", () => {});
  const lookup = setTimeout(() => socket.destroy(new Error(`no answer to the name ${host}`)), dnsTimeout);
  socket.once("lookup", () => clearTimeout(lookup));
  if (isIP(host)) clearTimeout(lookup);
  try {
    await once(socket, secure ? "secureConnect" : "connect", { signal: AbortSignal.timeout(connectionTimeout) });
    return socket;
  } catch (error) {
    socket.destroy();
    const why = error instanceof Error && error.name !== "AbortError" ? error.message : "Connection timeout";
    throw new NotSent("server_down", why, { cause: error });
  } finally {
    clearTimeout(lookup);
  }
}

/** What nodemailer is to know of a connection that was opened for it; its own limit must not cut the greeting short. */
async function openConnection(options: SmtpOptions) {
  const { secure = false, connectionTimeout, greetingTimeout } = options;
  return {
    connection: await openSocket(options),
    secured: secure,
    connectionTimeout: connectionTimeout + greetingTimeout,
  };
}

/** Replies of this server may quote what it was sent; so much of them is enough to know why. */
const MAX_RESPONSE_CHARACTERS = 300;

/** Where in the dialogue a refusal is of one email; `API` is nodemailer's word for before it began. */
const COMMANDS_OF_ONE_EMAIL = ["API", "MAIL FROM", "RCPT TO", "DATA"];

function isNodemailerError(error: unknown): error is NodemailerError {
  return error instanceof Error && "code" in error;
}

// Replies have the classes of RFC 5321 section 4.2.1. Only a recipient or a text that is refused for good is given up.
// A refused login or sender is the operator's to mend, so the email waits.
function classifySmtpError(error: unknown): NotSent {
  if (error instanceof NotSent) return error;
  if (!isNodemailerError(error)) throw error;
  const response = readableResponse(error.response || error.message, MAX_RESPONSE_CHARACTERS);
  const { command = "", responseCode = 0 } = error;
  if (["ECONNECTION", "ETIMEDOUT", "EABORT"].includes(error.code ?? ""))
    return new NotSent("connection_lost", response);
  if (responseCode === 421 || !COMMANDS_OF_ONE_EMAIL.includes(command)) return new NotSent("server_down", response);
  if (command === "MAIL FROM") return new NotSent("transient", response);
  return new NotSent(error.permanent || command === "API" ? "permanent" : "transient", response);
}

/** Whether the server takes addresses beyond ASCII (RFC 6531), which has to be known before it is sent one. */
async function supportsUtf8(options: SmtpOptions, signal: AbortSignal): Promise<boolean> {
  const connection = new SMTPConnection({ ...options, ...(await openConnection(options)) });
  return new Promise((resolve, reject) => {
    connection.on("error", reject);
    const giveUp = () => {
      connection.close();
      reject(new NotSent("server_down", "The mail server took too long."));
    };
    connection.connect((error) => {
      if (error) return reject(error);
      resolve(/^250[ -]SMTPUTF8\b/im.test(connection.lastServerResponse || ""));
      connection.quit();
    });
    signal.addEventListener("abort", giveUp);
    if (signal.aborted) giveUp();
  });
}

async function refuseUnlessReachable(to: string, options: SmtpOptions, signal: AbortSignal) {
  if (/^[\0-\x7f]*$/.test(to) || (await supportsUtf8(options, signal))) return;
  throw new NotSent("permanent", "The mail server does not take addresses with characters beyond ASCII (SMTPUTF8).");
}

/** A mail server, by a URL such as `smtps://user:password@host:465`, which may carry options of nodemailer. */
export function createSmtp(url: string): Transport<EmailMessage> {
  const options = smtpOptions(url);
  const { connectionTimeout, greetingTimeout, socketTimeout } = options;
  const sendTimeoutMs = connectionTimeout + greetingTimeout + SLOW_RESPONSES * socketTimeout;
  const transporter = nodemailer.createTransport({
    ...options,
    pool: true,
    // It would send again where the connection broke before the reply; the outbox counts such emails.
    maxRequeues: 0,
    disableFileAccess: true,
    disableUrlAccess: true,
    getSocket(_options: object, done: GetSocketCallback) {
      openConnection(options).then((opened) => done(null, opened), done);
    },
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
        throw classifySmtpError(error);
      }
    },
    close: () => transporter.close({ force: true }),
  };
}
