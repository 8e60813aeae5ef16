import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { pino } from "pino";
import { connect, type Database } from "../../src/db/connect.ts";
import type { EmailMessage } from "../../src/mail/message.ts";
import { createOutbox, enqueue } from "../../src/mail/outbox.ts";
import { startWorker } from "../../src/mail/worker.ts";
import { NotSent } from "../../src/outbox/not-sent.ts";
import type { Transport } from "../../src/outbox/transport.ts";
import type { Worker } from "../../src/outbox/worker.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { newEmail } from "../support/new-email.ts";

const FROM = { name: "Example", address: "accounts@example.com" };

describe("the worker, when the database fails while an email is being sent", () => {
  let database: TestDatabase;
  let opened: Database;
  let worker: Worker | undefined;
  /** What the mail server was asked, in this order. */
  const asked: string[] = [];

  beforeEach(async () => {
    database = await createDatabase();
    opened = await connect(database.settings, pino({ level: "silent" }));
    asked.length = 0;
  });
  afterEach(async () => {
    await worker?.stop();
    await opened.close();
    await database.drop();
  });

  const breakOutbox = () => opened.db.raw("alter table public.emails rename to emails_away");
  const mendOutbox = () => opened.db.raw("alter table if exists public.emails_away rename to emails");

  async function start(
    recipients: readonly string[],
    { check, send }: { check: () => Promise<void>; send: (to: string) => Promise<void> },
  ) {
    for (const emailKey of recipients) await enqueue(opened.db, newEmail(emailKey));
    const transport: Transport<EmailMessage> = {
      connections: 4,
      async check() {
        asked.push("check");
        await check();
      },
      async send({ to }) {
        asked.push(to);
        await send(to);
      },
      close: () => {},
    };
    worker = startWorker({
      outbox: createOutbox(opened.db),
      build: async (emails) =>
        new Map(emails.map(({ id, email_key: to }) => [id, { kind: "already-registered", to, language: null }])),
      render: ({ to }, { id }) => ({ messageId: `<${id}>`, from: FROM, to, subject: "x", text: "x", html: "x" }),
      transport,
      log: pino({ level: "silent" }),
      observe: () => {},
    });
  }

  async function until(condition: () => boolean) {
    const end = performance.now() + 20_000;
    while (!condition()) {
      if (performance.now() > end) throw new Error(`asked so far: ${asked}`);
      await setTimeout(20);
    }
  }

  it("asks whether the mail server is up after an email that it did not take, though that is not recorded", async () => {
    await start(["first@example.com"], {
      check: async () => void (await mendOutbox()),
      async send() {
        await breakOutbox();
        throw new NotSent("server_down", "421 going down");
      },
    });
    await until(() => asked.length === 3);
    expect(asked).to.deep.equal(["check", "first@example.com", "check"]);
  });

  it("asks so at once after an email that the mail server took, though that is not recorded", async () => {
    let checks = 0;
    let [failedAt, askedAt] = [0, 0];
    let isTaken = false;
    await start(["taken@example.com", "refused@example.com"], {
      async check() {
        checks += 1;
        // The next would be seconds later, had the server taken nothing.
        if (checks <= 2) throw new NotSent("server_down", "not yet");
        if (checks === 3) return;
        askedAt = performance.now();
        await mendOutbox();
      },
      async send(to) {
        if (to === "taken@example.com") {
          await breakOutbox();
          isTaken = true;
          return;
        }
        while (!isTaken) await setTimeout(20);
        await setTimeout(100);
        failedAt = performance.now();
        throw new NotSent("server_down", "421 going down");
      },
    });
    await until(() => askedAt > 0);
    expect(askedAt - failedAt).to.be.below(2500);
  });
});
