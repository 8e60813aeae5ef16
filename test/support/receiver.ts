import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import type { WebhookSettings } from "../../src/config/environment.ts";
import { waitFor } from "./wait-for.ts";

export type Received = {
  id: string;
  type: string;
  timestamp: string;
  data: { id: number; email?: string | null; verified?: boolean; deletesAt?: string };
  headers: Record<string, string>;
  body: string;
  /** How often it came, with this time. */
  tries: number;
};

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

/** A status to answer with, or an answer of one's own. */
export type Reply = number | ((response: ServerResponse) => void);

export type Behaviour = (event: Received) => Reply | Promise<Reply>;

async function read(request: IncomingMessage, tries: Map<string, number>): Promise<Received> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  // It throws unless the signature is right.
  new Webhook(SECRET).verify(body, headers);
  const id = headers["webhook-id"] ?? "";
  tries.set(id, (tries.get(id) ?? 0) + 1);
  return { id, ...JSON.parse(body), headers, body, tries: tries.get(id) ?? 0 };
}

/** A receiver of webhooks within the test. It keeps what it was sent, and apart what it took. */
export async function startReceiver(first: Behaviour = () => 204) {
  let behaviour = first;
  const sent: Received[] = [];
  const taken: Received[] = [];
  const tries = new Map<string, number>();
  const unsigned: string[] = [];
  const server = createServer(async (request, response) => {
    try {
      const event = await read(request, tries);
      sent.push(event);
      const reply = await behaviour(event);
      if (typeof reply === "function") return reply(response);
      if (reply < 300) taken.push(event);
      response.writeHead(reply).end();
    } catch (error) {
      unsigned.push(String(error));
      response.writeHead(401).end();
    }
  });
  let port = 0;
  async function open() {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  }
  await open();
  const address = () => `http://127.0.0.1:${port}/events`;
  return {
    sent,
    taken,
    /** Requests whose signature was wrong. */
    unsigned,
    address,
    open,
    /** The settings that lead here. */
    settings: (): WebhookSettings => ({ url: new URL(address()), secrets: [SECRET], allowsPrivate: true }),
    env: () => ({ WEBHOOK_URL: address(), WEBHOOK_SECRET: SECRET, WEBHOOK_PRIVATE: "on" }),
    behave(next: Behaviour) {
      behaviour = next;
    },
    /** Waits until so many came for an account, and gives them in the order in which they were taken. */
    takenOf: (id: number, count: number) =>
      waitFor(async () => {
        const all = taken.filter(({ data }) => data.id === id);
        return all.length >= count ? all : undefined;
      }),
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export type Receiver = Awaited<ReturnType<typeof startReceiver>>;
