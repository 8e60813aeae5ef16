import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Logger } from "pino";
import { Webhook } from "standardwebhooks";
import type { WebhookSettings } from "../config/environment.ts";
import { NotSent } from "../outbox/not-sent.ts";
import { readableResponse } from "../outbox/response.ts";
import type { Transport } from "../outbox/transport.ts";
import { createAgent, refusePrivateHost } from "./connection.ts";
import type { ToldEvent } from "./event.ts";

/** Requests at a time, with slow ones. */
const CONNECTIONS = 32;
const TIMEOUT_MS = 10_000;
const MAX_RESPONSE_BYTES = 4096;
const MAX_RESPONSE_CHARACTERS = 200;
/** The longest that a receiver may ask to be left alone. */
const MAX_RETRY_AFTER_SECONDS = 600;

type Answer = { status: number; text: string; retryAfter: string };

/** Reads no more of an answer than can be kept. */
async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    chunks.push(chunk);
    bytes += chunk.length;
    // To leave the loop closes the connection.
    if (bytes >= MAX_RESPONSE_BYTES) break;
  }
  const text = Buffer.concat(chunks).toString("utf8").slice(0, MAX_RESPONSE_BYTES);
  return { status: response.statusCode ?? 0, text, retryAfter: response.headers["retry-after"] ?? "" };
}

/** Seconds of a `Retry-After` (RFC 9110 section 10.2.3), which may be a date; 0 where there is none. */
function secondsOf(retryAfter: string): number {
  const seconds = /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : (Date.parse(retryAfter) - Date.now()) / 1000;
  return Math.min(Math.max(0, seconds || 0), MAX_RETRY_AFTER_SECONDS);
}

const BUSY_STATUSES = [408, 425, 429];
const GONE = 410;

/** @returns undefined where it was taken. Only what is of the client's making is one event's own failure. */
function judge({ status, text, retryAfter }: Answer): NotSent | undefined {
  if (status >= 200 && status < 300) return undefined;
  const isOwn = status >= 400 && status < 500 && !BUSY_STATUSES.includes(status) && status !== GONE;
  const words = status >= 300 && status < 400 ? "redirects are not followed" : text.trim();
  const response = readableResponse(`${status} ${words}`.trim(), MAX_RESPONSE_CHARACTERS);
  return new NotSent(isOwn ? "transient" : "server_down", response, { retryAfterSeconds: secondsOf(retryAfter) });
}

/** Posts to a receiver as the Standard Webhooks specification says (version 1.0.0), signed by each of the secrets. */
export function createWebhook({ url, secrets, allowsPrivate }: WebhookSettings, log: Logger): Transport<ToldEvent> {
  const agent = createAgent(url, allowsPrivate);
  const signers = secrets.map((secret) => new Webhook(secret));
  const request = url.protocol === "https:" ? requestHttps : requestHttp;

  function headersFor({ id }: ToldEvent, body: string) {
    const now = new Date();
    return {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
      "User-Agent": "Foyer",
      "webhook-id": id,
      "webhook-timestamp": Math.floor(now.getTime() / 1000),
      "webhook-signature": signers.map((signer) => signer.sign(id, now, body)).join(" "),
    };
  }

  function post(event: ToldEvent, signal: AbortSignal): Promise<Answer> {
    const { type, timestamp, data } = event;
    const body = JSON.stringify({ type, timestamp, data });
    return new Promise((resolve, reject) => {
      request(url, { method: "POST", agent, headers: headersFor(event, body), signal })
        .on("error", reject)
        // Node tells of no error where an answer changes the protocol.
        .once("upgrade", (_response, socket) => socket.destroy())
        .once("close", () => reject(new Error("the connection was closed")))
        .once("response", (response) => readAnswer(response).then(resolve, reject))
        .end(body);
    });
  }

  return {
    connections: CONNECTIONS,
    // Whether a receiver is up shows when it is told of an event.
    check: async () => {},
    async send(event, givenUp) {
      if (!allowsPrivate) refusePrivateHost(url);
      const timeout = AbortSignal.timeout(TIMEOUT_MS);
      const answer = await post(event, AbortSignal.any([givenUp, timeout])).catch((error: unknown) => {
        if (error instanceof NotSent) throw error;
        const words = timeout.aborted ? `no answer within ${TIMEOUT_MS / 1000} s` : String(error);
        throw new NotSent("server_down", readableResponse(words, MAX_RESPONSE_CHARACTERS), { cause: error });
      });
      if (answer.status === GONE) log.error("the receiver of events wants none any more (410 Gone): unset WEBHOOK_URL");
      const refused = judge(answer);
      if (refused) throw refused;
    },
    close: () => agent.destroy(),
  };
}
