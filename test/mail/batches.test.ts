import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { pino } from "pino";
import { connect, type Database } from "../../src/db/connect.ts";
import { loadLanguages } from "../../src/language/languages.ts";
import type { DeliveryParts } from "../../src/mail/delivery.ts";
import type { EmailMessage } from "../../src/mail/message.ts";
import { createOutbox, enqueue } from "../../src/mail/outbox.ts";
import { createRender } from "../../src/mail/render.ts";
import { CONCURRENCY, startWorker } from "../../src/mail/worker.ts";
import { SignUp } from "../../src/models/sign-up.ts";
import type { Worker } from "../../src/outbox/worker.ts";
import { createBuildEmails } from "../../src/service/verification/email.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { readLinkAndCode } from "../support/emails.ts";
import { newEmail } from "../support/new-email.ts";

const VIEWS = new URL("../../views/", import.meta.url);
const FROM = { name: "", address: "accounts@example.com" };
const RATE = { count: 5, seconds: 3600 };

describe("the statements of emails from being taken to being recorded", () => {
  let database: TestDatabase;
  let opened: Database;
  let worker: Worker | undefined;
  const sent: EmailMessage[] = [];
  const statements: string[] = [];

  before(async () => {
    database = await createDatabase();
    opened = await connect(database.settings, pino({ level: "silent" }));
  });
  afterEach(async () => {
    await worker?.stop();
    sent.length = 0;
  });
  after(async () => {
    await opened.close();
    await database.drop();
  });

  async function signUp(email: string) {
    const fields = { email, email_key: email, hashed_password: "x", user_agent: "x" };
    const { id } = await SignUp.query(opened.db).insert(fields).returning("*");
    await enqueue(opened.db, newEmail(email, { signUpId: id, domain: `of-${email}` }));
  }

  /** Sends what waits. @returns the statements until all is recorded. */
  async function run() {
    statements.length = 0;
    const note = ({ sql }: { sql: string }) => void (/^(begin|commit)/i.test(sql) || statements.push(sql));
    opened.db.on("query", note);
    let waiting = await SignUp.query(opened.db)
      .joinRaw("join public.emails on sign_up_id = sign_ups.id")
      .whereNull("finished_at")
      .resultSize();
    statements.length = 0;
    const parts: DeliveryParts = {
      outbox: createOutbox(opened.db, { budgets: { perMailbox: RATE, perDomain: RATE } }),
      build: createBuildEmails(opened.db, { verificationHours: 24 }),
      render: createRender({
        views: [VIEWS],
        brand: { supportEmail: undefined, termsUrl: undefined, privacyUrl: undefined, accent: "#3a4ed5" },
        site: new URL("https://example.com"),
        from: FROM,
        languages: loadLanguages([new URL("locales/", VIEWS)], "Foyer"),
      }),
      transport: {
        connections: 2 * CONCURRENCY,
        check: async () => {},
        send: async (message) => void sent.push(message),
        close: () => {},
      },
      log: pino({ level: "silent" }),
      observe: (event) => {
        if (event === "sent") waiting -= 1;
      },
    };
    // A machine that is slow would have it look again meanwhile.
    worker = startWorker(parts, { pollMs: 60_000 });
    // Where nothing waits, it has looked.
    while (waiting > 0 || statements.length === 0) await setTimeout(5);
    await setTimeout(100);
    opened.db.off("query", note);
    return statements;
  }

  for (const [count, most] of [
    [0, 1],
    [1, 5],
    [CONCURRENCY, CONCURRENCY],
  ] as const) {
    it(`are at most ${most} for ${count} that wait`, async () => {
      const addresses = Array.from({ length: count }, (_, n) => `n${count}.${n}@example.com`);
      for (const address of addresses) await signUp(address);
      expect((await run()).length).to.be.at.most(most);
      expect(sent.map(({ to }) => to)).to.have.members(addresses);
      const tokens = new Set(sent.map(({ text }) => readLinkAndCode(text).token));
      expect([tokens.size, tokens.has("")]).to.deep.equal([count, false]);
    });
  }
});
