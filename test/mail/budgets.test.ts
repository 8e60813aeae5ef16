import { expect } from "chai";
import { pino } from "pino";
import { connect, type Database } from "../../src/db/connect.ts";
import type { Budgets } from "../../src/mail/budget.ts";
import { createOutbox, enqueue, type NewEmail } from "../../src/mail/outbox.ts";
import { OutboxEmail, PURPOSES } from "../../src/models/outbox-email.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { newEmail } from "../support/new-email.ts";

const MANY = { count: 1000, seconds: 600 };
const [HOUR, TEN_MINUTES] = [3600, 600];
const SLOTS = { quick: 1000, all: 1000 };

describe("limits on emails", () => {
  let database: TestDatabase;
  let opened: Database;
  before(async () => {
    database = await createDatabase();
    opened = await connect(database.settings, pino({ level: "silent" }));
  });
  afterEach(() => opened.db("emails").delete());
  after(async () => {
    await opened.close();
    await database.drop();
  });

  const perMailbox = (count: number): Budgets => ({ perMailbox: { count, seconds: HOUR }, perDomain: MANY });
  const outboxWith = (budgets?: Budgets) => createOutbox(opened.db, { budgets });

  async function queue(to: string, times: number, others: Partial<NewEmail> = {}) {
    for (let n = 0; n < times; n += 1) await enqueue(opened.db, newEmail(to, others));
  }

  /** What a worker that has nothing else to do sends until there is nothing more to take. */
  async function sendAll(outbox = outboxWith(perMailbox(5)), slots = SLOTS) {
    const sent: OutboxEmail[] = [];
    const counts = { delayed: 0, dropped: 0 };
    for (;;) {
      const { emails, delayed, dropped } = await outbox.take({ slots, sending: [] });
      counts.delayed += delayed;
      counts.dropped += dropped;
      if (emails.length + delayed + dropped === 0) return { sent, ...counts };
      sent.push(...emails);
      await Promise.all(emails.map((email) => outbox.note({ job: email, outcome: "sent" })));
    }
  }

  async function travel(seconds: number) {
    const moved = ["available_at", "due_at", "admitted_at", "finished_at", "created_at"].map(
      (column) => `${column} = ${column} - make_interval(secs => ${seconds})`,
    );
    await opened.db.raw(`update public.emails set ${moved.join(", ")}`);
  }

  const rows = () => OutboxEmail.query(opened.db).orderBy("id");
  const keysOf = (emails: readonly OutboxEmail[]) => emails.map(({ email_key }) => email_key);

  describe("to one mailbox", () => {
    const victim = { mailbox: "victim@example.com" };
    const stranger = { ...victim, network: "stranger" };

    it("let so many go within the window, whatever tags their addresses have, and the rest later, in order", async () => {
      const tagged = Array.from({ length: 12 }, (_, n) => `victim+${String(n).padStart(2, "0")}@example.com`);
      for (const to of tagged) await queue(to, 1, stranger);
      const first = await sendAll();
      expect([keysOf(first.sent), first.delayed, first.dropped]).to.deep.equal([tagged.slice(0, 5), 7, 0]);
      expect((await sendAll()).sent).to.deep.equal([]);
      await travel(HOUR - 60);
      expect((await sendAll()).sent).to.deep.equal([]);
      await travel(61);
      expect(keysOf((await sendAll()).sent)).to.deep.equal(tagged.slice(5, 10));
      await travel(HOUR);
      expect(keysOf((await sendAll()).sent)).to.deep.equal(tagged.slice(10));
    });

    it("let each further network cause one beyond it, up to four times as many in all", async () => {
      await queue("victim@example.com", 5, stranger);
      expect((await sendAll()).sent).to.have.length(5);
      for (let n = 0; n < 20; n += 1) await queue("victim@example.com", 2, { ...victim, network: `owner${n}` });
      const { sent } = await sendAll();
      expect(sent.map(({ network }) => network)).to.deep.equal(Array.from({ length: 15 }, (_, n) => `owner${n}`));
    });

    it("let an owner's emails that wait go before a stranger's that wait longer, and before new ones", async () => {
      for (let n = 0; n < 40; n += 1) await queue(`victim+${n}@example.com`, 1, stranger);
      await sendAll();
      const owner = { ...victim, network: "owner" };
      await queue("victim@example.com", 1, owner);
      expect((await sendAll()).sent.map(({ network }) => network)).to.deep.equal(["owner"]);
      await queue("victim@example.com", 1, owner);
      await sendAll();
      await travel(HOUR);
      for (let n = 50; n < 60; n += 1) await queue(`victim+${n}@example.com`, 1, stranger);
      const { sent } = await sendAll();
      expect(sent.map(({ network }) => network).toSorted()).to.deep.equal(["owner", ...Array(4).fill("stranger")]);
    });

    it("let no strangers' many, all of them older, keep an owner's email from its turn again and again", async () => {
      const outbox = outboxWith(perMailbox(1));
      for (let n = 0; n < 36; n += 1)
        await queue(`victim+${n}@example.com`, 1, { ...victim, network: `stranger${n % 6}` });
      await sendAll(outbox);
      await queue("victim@example.com", 1, { ...victim, network: "owner" });
      await sendAll(outbox);
      const networks: string[] = [];
      for (let n = 0; n < 2; n += 1) {
        await travel(HOUR);
        networks.push(...(await sendAll(outbox)).sent.map(({ network }) => network));
      }
      expect(networks).to.include("owner").and.have.length(8);
    });

    it("let an owner's email go when all strangers have had their turn, however many each has waiting", async () => {
      for (let n = 0; n < 400; n += 1)
        await queue(`victim+${n}@example.com`, 1, { ...victim, network: `stranger${n % 40}` });
      const outbox = outboxWith(perMailbox(5));
      await sendAll(outbox);
      await queue("victim@example.com", 1, { ...victim, network: "owner" });
      const networks: string[] = [];
      for (let n = 0; n < 3; n += 1) {
        await sendAll(outbox);
        await travel(HOUR);
        networks.push(...(await sendAll(outbox)).sent.map(({ network }) => network));
      }
      expect(networks).to.include("owner");
    });

    it("leave room to the network that caused the fewest where few are sent at a time", async () => {
      for (let n = 0; n < 20; n += 1) await queue(`victim+${n}@example.com`, 1, stranger);
      await sendAll();
      await queue("victim@example.com", 2, { ...victim, network: "owner" });
      await sendAll();
      await travel(HOUR);
      const { sent } = await sendAll(outboxWith(perMailbox(5)), { quick: 1, all: 1 });
      expect(sent.map(({ network }) => network).toSorted()).to.deep.equal(["owner", ...Array(4).fill("stranger")]);
    });

    it("plan those of one network one window after another, also where they are asked for again", async () => {
      const outbox = outboxWith(perMailbox(2));
      const ask = async () => {
        for (let n = 0; n < 8; n += 1) await queue(`victim+${n}@example.com`, 1, stranger);
        await sendAll(outbox);
        const held = (await rows()).filter(({ finished_at }) => finished_at === null);
        return held
          .map(({ available_at }) => Math.round((available_at.getTime() - Date.now()) / 1000 / HOUR))
          .toSorted();
      };
      expect(await ask()).to.deep.equal([1, 1, 2, 2, 3, 3]);
      expect(await ask()).to.deep.equal([1, 1, 2, 2, 3, 3, 4, 4]);
    });

    it("keep of those held back of one address and network the newest alone, and no other's", async () => {
      await queue("victim@example.com", 9, stranger);
      await queue("victim+1@example.com", 1, stranger);
      const { sent, dropped } = await sendAll();
      expect([sent.length, dropped]).to.deep.equal([5, 3]);
      const waiting = (await rows()).filter(({ finished_at }) => finished_at === null);
      expect(waiting.map(({ id, is_held }) => [id - (sent[0]?.id ?? 0), is_held])).to.deep.equal([
        [8, true],
        [9, true],
      ]);
      // It comes at the time of the one that it stands for.
      await travel(HOUR - 60);
      await queue("victim@example.com", 1, stranger);
      expect((await sendAll()).dropped).to.equal(1);
      await travel(61);
      expect(keysOf((await sendAll()).sent)).to.have.members(["victim@example.com", "victim+1@example.com"]);
    });

    it("keep of those held back the newest of each purpose: one that asks drops none that tells", async () => {
      await queue("victim@example.com", 5, stranger);
      await sendAll();
      for (const purpose of [...PURPOSES, ...PURPOSES]) {
        await queue("victim@example.com", 1, { ...stranger, purpose });
        await sendAll();
      }
      const waiting = (await rows()).filter(({ finished_at }) => finished_at === null);
      expect(waiting.map(({ purpose }) => purpose)).to.deep.equal(PURPOSES);
      for (const purpose of PURPOSES) await queue("victim@example.com", 2, { ...stranger, purpose });
      expect((await sendAll()).dropped).to.equal(2 * PURPOSES.length);
      const sent: string[] = [];
      while (sent.length < PURPOSES.length) {
        await travel(2 * HOUR);
        sent.push(...(await sendAll()).sent.map(({ purpose }) => purpose));
      }
      expect(sent).to.have.members(PURPOSES);
    });

    it("count what was given up or dropped like what was sent, so that no wait tells what came of an address", async () => {
      const outbox = outboxWith(perMailbox(2));
      await queue("victim@example.com", 2, stranger);
      const { emails } = await outbox.take({ slots: SLOTS, sending: [] });
      const [first, second] = emails;
      if (!first || !second) throw new Error("two were to go");
      await Promise.all([
        outbox.note({ job: first, outcome: "dropped" }),
        outbox.note({ job: second, outcome: "given_up", response: "550 no such user" }),
      ]);
      await queue("victim@example.com", 1, stranger);
      expect(await sendAll(outbox)).to.deep.equal({ sent: [], delayed: 1, dropped: 0 });
    });

    it("do not hold back an email that is tried again", async () => {
      const outbox = outboxWith(perMailbox(1));
      await queue("victim@example.com", 1, stranger);
      const [email] = (await outbox.take({ slots: SLOTS, sending: [] })).emails;
      if (!email) throw new Error("one was to go");
      await outbox.note({ job: email, outcome: "retry", response: "451 later", seconds: 0, attempts: 1 });
      expect((await sendAll(outbox)).sent).to.have.length(1);
    });

    it("hold for two instances that take at once", async () => {
      for (let n = 0; n < 10; n += 1) await queue(`victim+${n}@example.com`, 1, { ...victim, network: `n${n % 2}` });
      // So slow that one looks while the other counts.
      await opened.db.raw(`create function public.slow() returns trigger language plpgsql as
        $$ begin perform pg_catalog.pg_sleep(0.05); return new; end $$`);
      await opened.db.raw(
        "create trigger slow before update on public.emails for each row execute function public.slow()",
      );
      // Each looks at another network's, because of the other it sends enough.
      const taken = await Promise.all(
        ["n0", "n1"].map((network) => {
          const sending = Array.from({ length: 10 }, () => ({ network, domain: "", isQuick: true }));
          return outboxWith(perMailbox(2)).take({ slots: { quick: 20, all: 100 }, sending });
        }),
      );
      await opened.db.raw("drop function public.slow cascade");
      // Two of the one network, and the one that any other may cause, unless it did not wait for its turn.
      expect(taken.flatMap(({ emails }) => emails).length).to.be.within(2, 3);
    });
  });

  describe("of one network to one domain", () => {
    const budgets = { perMailbox: MANY, perDomain: { count: 3, seconds: TEN_MINUTES } };

    it("let so many go within the window, and the rest later, and hold up no other network or domain", async () => {
      for (let n = 0; n < 8; n += 1) await queue(`a${n}@gmail.example`, 1, { network: "stranger" });
      await queue("b@gmail.example", 1, { network: "owner" });
      await queue("c@other.example", 1, { network: "stranger" });
      const first = await sendAll(outboxWith(budgets));
      expect(keysOf(first.sent)).to.have.members(
        [0, 1, 2].map((n) => `a${n}@gmail.example`).concat("b@gmail.example", "c@other.example"),
      );
      expect([first.delayed, first.dropped]).to.deep.equal([5, 0]);
      await travel(TEN_MINUTES);
      expect(keysOf((await sendAll(outboxWith(budgets))).sent)).to.deep.equal(
        [3, 4, 5].map((n) => `a${n}@gmail.example`),
      );
    });
  });

  it("are none where there are no budgets, and none for emails of the version before", async () => {
    await queue("victim@example.com", 10, { mailbox: "victim@example.com", network: "stranger" });
    expect((await sendAll(outboxWith())).sent).to.have.length(10);
    await queue("old@example.com", 10, { mailbox: "", network: "", domain: "" });
    expect(
      (await sendAll(outboxWith({ perMailbox: { count: 1, seconds: 60 }, perDomain: { count: 1, seconds: 60 } }))).sent,
    ).to.have.length(10);
  });

  it("do not let an email that they hold back count as late", async () => {
    await queue("victim@example.com", 6, { mailbox: "victim@example.com", network: "stranger" });
    await sendAll();
    await travel(HOUR / 2);
    expect(await outboxWith().waiting()).to.deep.equal({ count: 1, oldestSeconds: 0 });
    await travel(HOUR / 2 + 100);
    await outboxWith(perMailbox(5)).take({ slots: SLOTS, sending: [] });
    expect((await outboxWith().waiting()).oldestSeconds).to.be.within(90, 200);
  });
});
