import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { expect } from "chai";
import { pino } from "pino";
import { Webhook } from "standardwebhooks";
import { toTold } from "../../src/events/event.ts";
import { createWebhook } from "../../src/events/webhook.ts";
import { OutboxEvent } from "../../src/models/outbox-event.ts";
import { NotSent } from "../../src/outbox/not-sent.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { type Receiver, SECRET, startReceiver } from "../support/receiver.ts";
import { newAddress } from "../support/sign-up.ts";
import { waitFor } from "../support/wait-for.ts";

const NEXT_SECRET = `whsec_${Buffer.alloc(24, 9).toString("base64")}`;
const LOG = pino({ level: "silent" });

const told = () =>
  toTold(
    OutboxEvent.fromDatabaseJson({
      key: "00000000-0000-4000-8000-000000000001",
      type: "account.deleted",
      data: { id: 1 },
      created_at: new Date(),
    }),
  );

/** Why an event was not sent. */
async function failure(settings: Parameters<typeof createWebhook>[0]) {
  const webhook = createWebhook(settings, LOG);
  const error = await webhook.send(told(), new AbortController().signal).catch((fault: unknown) => fault);
  webhook.close();
  if (!(error instanceof NotSent)) throw new Error(`sent: ${error}`);
  return { reason: error.reason, message: error.message, retryAfterSeconds: error.retryAfterSeconds };
}

describe("a webhook", () => {
  let receiver: Receiver;
  let foyer: TestFoyer;
  before(async () => {
    receiver = await startReceiver();
    foyer = await startFoyer({ webhook: { ...receiver.settings(), secrets: [NEXT_SECRET, SECRET] } });
  });
  after(async () => {
    await foyer.stop();
    await receiver.close();
  });

  async function created() {
    const { id } = (await foyer.register(newAddress())).body;
    const [event] = await receiver.takenOf(id, 1);
    if (!event) throw new Error("no event");
    return event;
  }

  it("is signed by each secret, so that either verifies it, for the time of its sending", async () => {
    const { headers, body } = await created();
    expect(headers["webhook-signature"]).to.match(/^v1,[A-Za-z\d+/]{43}= v1,[A-Za-z\d+/]{43}=$/);
    for (const secret of [SECRET, NEXT_SECRET]) {
      const payload = new Webhook(secret).verify(body, headers);
      expect(payload).to.deep.equal(JSON.parse(body));
    }
    expect(Math.abs(Number(headers["webhook-timestamp"]) - Date.now() / 1000)).to.be.below(60);
    const [first = "", second = ""] = (headers["webhook-signature"] ?? "").split(" ");
    expect(first).not.to.equal(second);
    const other = new Webhook(`whsec_${Buffer.alloc(24, 8).toString("base64")}`);
    expect(() => other.verify(body, headers)).to.throw("No matching signature");
    expect(() => new Webhook(SECRET).verify(body.replace("created", "deleted"), headers)).to.throw("No matching");
  });

  it("has an id of its own, which is the same when it is tried again", async () => {
    receiver.behave(({ tries }) => (tries === 1 ? 500 : 204));
    const { id } = (await foyer.register(newAddress())).body;
    const ofAccount = () => receiver.sent.filter(({ data }) => data.id === id);
    await waitFor(async () =>
      (await foyer.rows("events")).some(({ last_response }) => last_response) ? 1 : undefined,
    );
    await foyer.sql("update events set available_at = now() where finished_at is null");
    await receiver.takenOf(id, 1);
    receiver.behave(() => 204);
    const [one, two] = ofAccount();
    expect(one?.id)
      .to.match(/^evt_[a-f\d]{32}$/)
      .and.equal(two?.id);
    expect((await created()).id).not.to.equal(one?.id);
  });

  it("follows no redirect", async () => {
    const others = await startReceiver();
    receiver.behave(() => (response) => response.writeHead(307, { Location: others.address() }).end());
    expect(await failure(receiver.settings())).to.deep.include({
      reason: "server_down",
      message: "307 redirects are not followed",
    });
    receiver.behave(() => 204);
    expect(others.sent).to.deep.equal([]);
    await others.close();
  });

  it("reads no more than a few kilobytes of an answer, and keeps 200 characters without control characters", async () => {
    let written = 0;
    let closed = false;
    const endless = createServer((_request, response) => {
      response.writeHead(422);
      const write = () => {
        while (!closed && response.write("no\u0000\u001bsuch field ".repeat(100))) written += 1500;
        if (!closed) response.once("drain", write);
      };
      response.on("close", () => {
        closed = true;
      });
      write();
    }).listen(0, "127.0.0.1");
    await once(endless, "listening");
    const url = new URL(`http://127.0.0.1:${(endless.address() as AddressInfo).port}/`);
    const { reason, message } = await failure({ ...receiver.settings(), url });
    expect(reason).to.equal("transient");
    expect(message)
      .to.match(/^422 no such field no/)
      .and.have.length(200);
    await waitFor(async () => closed || undefined);
    expect(written).to.be.below(20_000_000);
    endless.close();
  });

  for (const [status, retryAfter, expected] of [
    [400, undefined, { reason: "transient", message: "400", retryAfterSeconds: 0 }],
    [404, undefined, { reason: "transient", message: "404", retryAfterSeconds: 0 }],
    [410, undefined, { reason: "server_down", message: "410", retryAfterSeconds: 0 }],
    [429, "7", { reason: "server_down", message: "429", retryAfterSeconds: 7 }],
    [503, "99999", { reason: "server_down", message: "503", retryAfterSeconds: 600 }],
    [503, "nonsense", { reason: "server_down", message: "503", retryAfterSeconds: 0 }],
  ] as const) {
    it(`counts ${status}${retryAfter ? ` with Retry-After: ${retryAfter}` : ""} as ${expected.reason}`, async () => {
      receiver.behave(
        () => (response) => response.writeHead(status, retryAfter ? { "Retry-After": retryAfter } : {}).end(),
      );
      expect(await failure(receiver.settings())).to.deep.equal(expected);
      receiver.behave(() => 204);
    });
  }
});

describe("a webhook to a private address", () => {
  let connections = 0;
  const listening = createTcpServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  let port = 0;
  before(async () => {
    listening.listen(0, "127.0.0.1");
    await once(listening, "listening");
    port = (listening.address() as AddressInfo).port;
  });
  after(() => listening.close());

  for (const host of [
    ...["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "10.1.2.3", "192.168.0.1", "172.16.0.1"],
    ...["169.254.169.254", "100.64.0.1", "0.0.0.0", "2130706433", "0x7f.1", "[fd00::1]", "[fe80::1]", "[::]"],
    ...["[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "224.0.0.1", "localhost"],
  ]) {
    it(`is refused: ${host}`, async () => {
      for (const protocol of ["http", "https"]) {
        const url = new URL(`${protocol}://${host}:${port}/`);
        const { reason, message } = await failure({ url, secrets: [SECRET], allowsPrivate: false });
        expect([reason, message]).to.deep.equal([
          "server_down",
          "The receiver has a private address, and WEBHOOK_PRIVATE is off.",
        ]);
      }
      expect(connections).to.equal(0);
    });
  }

  it("is refused by a whole Foyer, whose event waits with that reason", async () => {
    const url = new URL(`https://localhost:${port}/`);
    const foyer = await startFoyer({ webhook: { url, secrets: [SECRET], allowsPrivate: false } });
    await foyer.register(newAddress());
    const [row] = await waitFor(async () => {
      const rows = await foyer.rows("events");
      return rows.some(({ last_response }) => last_response) ? rows : undefined;
    });
    expect(row?.["last_response"]).to.include("private address");
    expect([row?.["finished_at"], row?.["attempts"]]).to.deep.equal([null, 0]);
    expect(connections).to.equal(0);
    expect(foyer.logged()).not.to.include(SECRET);
    await foyer.stop();
  });
});
