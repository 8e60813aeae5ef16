import { expect } from "chai";
import { pino } from "pino";
import { connect, type Database } from "../../src/db/connect.ts";
import { createOutbox, enqueue } from "../../src/mail/outbox.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { least } from "../support/least.ts";
import { newEmail } from "../support/new-email.ts";

const HOUR = { count: 5, seconds: 3600 };
const SLOTS = { quick: 8, all: 20 };

describe("an email behind those of others", () => {
  let database: TestDatabase;
  let opened: Database;
  before(async () => {
    database = await createDatabase();
    opened = await connect(database.settings, pino({ level: "silent" }));
  });
  afterEach(() => opened.db.raw("truncate public.emails"));
  after(async () => {
    await opened.close();
    await database.drop();
  });

  /** Writes many at once: `n` is the number of each. */
  async function write(count: number, columns: Record<string, string>) {
    const fields = { key: "n", email_key: "n || '@example.com'", ...columns };
    await opened.db.raw(`insert into public.emails (${Object.keys(fields).join(", ")})
      select ${Object.values(fields).join(", ")} from generate_series(1, ${count}) n`);
  }

  for (const [what, count] of [
    ["domains, more than are looked at", 640],
    ["emails to one domain", 10],
  ] as const) {
    it(`has its turn at once where ten networks wait each for many ${what}`, async () => {
      await write(640, { network: "'a' || n % 10", domain: `'slow' || n % ${count}`, available_at: "now()" });
      const outbox = createOutbox(opened.db);
      const networks: string[] = [];
      const takeAndSend = async () => {
        const { emails } = await outbox.take({ slots: SLOTS, sending: [] });
        networks.push(...emails.map(({ network }) => network));
        await Promise.all(emails.map((email) => outbox.note({ job: email, outcome: "sent" })));
      };
      for (let n = 0; n < 4; n += 1) await takeAndSend();
      await enqueue(opened.db, newEmail("honest@example.com", { network: "z" }));
      for (let n = 0; n < 4; n += 1) await takeAndSend();
      expect(networks).to.include("z");
    });
  }

  /** How long a take needs at least, in milliseconds, beside so many emails of others. */
  async function leastTake(count: number, columns: Record<string, string>, perDomain = HOUR) {
    await opened.db.raw("truncate public.emails");
    await write(count, columns);
    await opened.db.raw("analyze public.emails");
    const outbox = createOutbox(opened.db, { budgets: { perMailbox: HOUR, perDomain } });
    return least(
      () => outbox.take({ slots: SLOTS, sending: [] }),
      () => enqueue(opened.db, newEmail("honest@example.com", { network: "z" })),
    );
  }

  it("is found as soon where very many networks ask for one address as where a twentieth of them do", async () => {
    const waiting = {
      email_key: "'victim@example.com'",
      mailbox: "'victim@example.com'",
      domain: "'example.com'",
      network: "'n' || n",
      is_held: "true",
      available_at: "now() - interval '1 minute'",
    };
    const [few, many] = [await leastTake(1000, waiting), await leastTake(20_000, waiting)];
    expect(many / few).to.be.below(3);
  });

  it("is found as soon where a limit is as good as none, however many went", async () => {
    const gone = {
      mailbox: "n || '@example.com'",
      domain: "'example.com'",
      network: "'n' || n",
      admitted_at: "now()",
      finished_at: "now()",
      outcome: "'sent'",
    };
    const unlimited = { count: 1_000_000, seconds: 600 };
    const [few, many] = [await leastTake(100, gone, unlimited), await leastTake(50_000, gone, unlimited)];
    expect(many / few).to.be.below(3);
  });
});
