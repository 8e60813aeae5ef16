import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { pino } from "pino";
import { connect, type Database } from "../../src/db/connect.ts";
import { createEventRecorder } from "../../src/events/recorder.ts";
import { createOutbox } from "../../src/mail/outbox.ts";
import { purge } from "../../src/service/verification/purge.ts";
import { fits } from "../support/bcrypt.ts";
import { createDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";
import { allSent, emailsTo } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { accountOf, newAddress, signUp } from "../support/sign-up.ts";

for (const privacy of ["open", "discreet"] as const) {
  describe(`purge in ${privacy} mode`, () => {
    let foyer: TestFoyer;
    let address = "";
    before(async () => {
      foyer = await startFoyer({ privacy });
    });
    beforeEach(() => {
      address = newAddress();
    });
    after(() => foyer.stop());

    /** The rows of a table that are of this test's address. */
    const rowsOf = async (table: "users" | "sign_ups" | "emails") =>
      (await foyer.rows(table)).filter(({ email_key }) => email_key === address);

    /** Signs up, and waits until the email counts as sent. */
    async function signUpAndSend() {
      const { token } = await signUp(foyer, address);
      await allSent(foyer);
      return token;
    }

    it("keeps an address that nobody verified for seven days", async () => {
      await signUpAndSend();
      await foyer.travel("6 days 23 hours");
      await foyer.purge();
      expect(await rowsOf("sign_ups")).to.have.length(1);
      expect(await rowsOf("users")).to.have.length(privacy === "open" ? 1 : 0);
    });

    it("frees an address that nobody verified after seven days", async () => {
      const token = await signUpAndSend();
      await foyer.travel("7 days 1 hour");
      await foyer.purge();
      for (const table of ["users", "sign_ups", "emails"] as const)
        expect(await rowsOf(table), table).to.deep.equal([]);
      expectProblem(await foyer.verify(token), 404, "token_unknown");
      expect((await foyer.register(address)).status).to.equal(201);
    });

    it("comes by itself", async () => {
      await signUpAndSend();
      await foyer.travel("8 days");
      await foyer.restart();
      while ((await rowsOf("sign_ups")).length > 0) await setTimeout(20);
    });

    it("keeps an address that was sent an email since", async () => {
      await signUpAndSend();
      await foyer.travel("8 days");
      await foyer.resend(address);
      const [{ token }] = await emailsTo(foyer, address, 2);
      await allSent(foyer);
      await foyer.purge();
      expect((await foyer.verify(token)).status).to.equal(200);
      const { hashed_password } = await accountOf(foyer, address);
      expect(await fits(PASSWORD, hashed_password)).to.equal(true);
    });

    it("keeps an address whose email could not be sent yet", async () => {
      await signUpAndSend();
      await foyer.travel("8 days");
      await foyer.sql(
        "update emails set finished_at = null, outcome = null, available_at = now() + interval '1 hour' where email_key = ?",
        address,
      );
      await foyer.purge();
      expect(await rowsOf("sign_ups")).to.have.length(1);
      await foyer.sql("delete from emails where email_key = ?", address);
    });

    it("keeps a verified account however old it is, and forgets its sign-ups", async () => {
      const token = await signUpAndSend();
      await foyer.verify(token);
      await foyer.travel("400 days");
      await foyer.purge();
      const { hashed_password } = await accountOf(foyer, address);
      expect(await fits(PASSWORD, hashed_password)).to.equal(true);
      expect(await rowsOf("sign_ups")).to.deep.equal([]);
    });

    it("keeps an account from before addresses were verified", async () => {
      await foyer.sql("insert into users (email, email_key, hashed_password) values (?, ?, 'x')", address, address);
      await foyer.purge();
      expect(await rowsOf("users")).to.have.length(1);
    });

    it("either deletes an address or leaves it verified, when both happen at the same moment", async () => {
      for (let round = 0; round < 5; round += 1) {
        address = newAddress();
        const token = await signUpAndSend();
        await foyer.travel("8 days");
        // Its link has expired by then; nobody would use it but in this test.
        await foyer.sql("update verification_tokens set expires_at = now() + interval '1 hour'");
        const [answer] = await Promise.all([foyer.verify(token), ...Array.from({ length: 3 }, () => foyer.purge())]);
        const [user] = await rowsOf("users");
        expect([200, 404]).to.include(answer.status);
        expect(Boolean(user?.["email_verified_at"])).to.equal(answer.status === 200);
      }
    });
  });
}

const DAYS = 7;
const SILENT = createEventRecorder(
  () => [],
  () => {},
);
/** More than a few statements take, and on a server more than one may within its time. */
const MANY = postgresUrl ? 20_000 : 2500;
const STATEMENT_MS = 400;

/** Accounts past their time, each with all that a sign-up leaves behind. */
const FILL = [
  `insert into users (email, email_key, hashed_password, unverified_expires_at)
   select 'u' || n || '@example.com', 'u' || n || '@example.com', 'x', now() - interval '1 day' from generate_series(1, ${MANY}) n`,
  `insert into sign_ups (email, email_key, user_id, hashed_password, created_at)
   select email, email_key, id, 'x', now() - interval '8 days' from users`,
  `insert into verification_tokens (token_hash, sign_up_id, code_hash, expires_at)
   select id::text, id, 'x', now() - interval '7 days' from sign_ups`,
  `insert into emails (key, email_key, sign_up_id, created_at, finished_at, outcome)
   select id::text, email_key, id, now() - interval '8 days', now() - interval '8 days', 'sent' from sign_ups`,
  `insert into emails (key, email_key, created_at, finished_at, outcome)
   select 'again ' || n, 'v' || n || '@example.com', now() - interval '8 days', now(), 'dropped' from generate_series(1, ${MANY}) n`,
  `insert into rate_limits (key, points, expire)
   select n::text, 1, extract(epoch from now() - interval '2 hours') * 1000 from generate_series(1, ${MANY}) n`,
];

describe("with a backlog of very many rows", () => {
  let database: TestDatabase;
  let instances: Database[];

  beforeEach(async () => {
    database = await createDatabase();
    const first = await connect(database.settings, pino({ level: "silent" }));
    instances = [first];
    for (const statement of FILL) await prepare(statement);
    if (!postgresUrl) return;
    const { pathname } = new URL(database.env["DATABASE_URL"] ?? "");
    await first.db.raw(`alter database ?? set statement_timeout = ${STATEMENT_MS}`, [pathname.slice(1)]);
    // The connections from before do not know of it.
    await first.close();
    instances = await Promise.all([1, 2].map(() => connect(database.settings, pino({ level: "silent" }))));
  });
  afterEach(async () => {
    await Promise.all(instances.map(({ close }) => close()));
    await database.drop();
  });

  const db = () => instances[0]?.db ?? expect.fail("no database");
  /** The test's own statement has the time that it needs. */
  const prepare = (statement: string) =>
    db().transaction(async (trx) => {
      await trx.raw("set local search_path = public; set local statement_timeout = 0");
      await trx.raw(statement);
    });
  const TABLES = ["users", "sign_ups", "verification_tokens", "emails", "rate_limits"];
  const left = () => Promise.all(TABLES.map(async (table) => Number((await db()(table).count())[0]?.["count"])));

  it("purge deletes all of them, by several instances at once, in statements each of which is short", async () => {
    await Promise.all(instances.map((instance) => purge({ db: instance.db, events: SILENT }, DAYS)));
    expect(await left()).to.deep.equal([0, 0, 0, 0, 0]);
  });

  it("purge looks through them to the end when the first of them have to stay", async () => {
    await prepare(`update emails set finished_at = now() where id <= ${MANY - 10}`);
    await purge({ db: db(), events: SILENT }, DAYS);
    const stay = MANY - 10;
    expect(await left()).to.deep.equal([stay, stay, stay, stay, 0]);
  });

  it("purge stops between two statements when it is told to", async () => {
    await purge({ db: db(), events: SILENT }, DAYS, AbortSignal.abort());
    const [users] = await left();
    expect(users).to.be.within(1, MANY - 1);
  });

  it("the outbox lists and replays the emails that were given up a page at a time", async () => {
    await prepare("update emails set outcome = 'given_up' where id <= 2500");
    const outbox = createOutbox(db());
    const pages: number[] = [];
    for await (const emails of outbox.givenUp.list()) {
      pages.push(emails.length);
      expect(await outbox.givenUp.replay(emails.map(({ id }) => id))).to.equal(emails.length);
    }
    expect(pages).to.deep.equal([1000, 1000, 500]);
    expect((await outbox.waiting()).count).to.equal(2500);
    const slots = { quick: 4, all: 20 };
    expect((await outbox.take({ slots, sending: [] })).emails.map(({ id }) => id)).to.have.length(2);
  });
});
