import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import type { Knex } from "knex";
import { pino } from "pino";
import type { Config } from "../../src/config/environment.ts";
import { connect } from "../../src/db/connect.ts";
import { CONCURRENCY } from "../../src/mail/worker.ts";
import { LEASE_SECONDS } from "../../src/outbox/leases.ts";
import { createDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";
import { readLinkAndCode } from "../support/emails.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { type FoyerProcess, postJson, spawnFoyer } from "../support/process.ts";
import { type Smtp, type SmtpBehaviour, startSmtp } from "../support/smtp.ts";
import { Wire } from "../support/wire.ts";

const FROM = { name: "Foyer", address: "foyer@example.com" };
/** Nothing in a test takes so long unless it is broken. */
const SOON_MS = 30_000;
/** Longer than a worker waits before it polls again, so that it has polled. */
const POLLED_MS = 3000;
/** A server that says nothing is given up on sooner than in earnest. */
const IMPATIENT = "?socketTimeout=2000&greetingTimeout=2000";

const address = (n: number | string) => `n${n}@example.com`;
const upTo = (count: number) => Array.from({ length: count }, (_, n) => address(n));

async function until(condition: () => boolean | Promise<boolean>, milliseconds = SOON_MS) {
  const end = performance.now() + milliseconds;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${milliseconds} ms: ${condition}`);
    await setTimeout(40);
  }
}

async function register(url: string, addresses: readonly string[]) {
  const statuses = await Promise.all(addresses.map((email) => postJson(url, { email, password: PASSWORD })));
  expect(statuses).to.deep.equal(addresses.map(() => 201));
}

async function verify(url: string, token: string) {
  const answer = await fetch(`${url}/verify`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token, password: PASSWORD }),
  });
  await answer.arrayBuffer();
  return answer.status;
}

/** How many emails were sent, as this instance counts them. */
async function sentBy(url: string) {
  const [, count = "0"] =
    /^foyer_emails_total\{event="sent"\} (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text()) ?? [];
  return Number(count);
}

/** Puts a process's clock off by an hour, or as many as are said. */
function clockOff(hours: number) {
  const program = `
    const Real = Date;
    const now = () => Real.now() + ${hours * 3_600_000};
    globalThis.Date = class extends Real {
      constructor(...given) { given.length ? super(...given) : super(now()); }
      static now() { return now(); }
    };`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}` };
}

/** By how many hours the clock of a process was off when it said that it was open. */
function hoursOff({ output }: FoyerProcess) {
  const [, time = "0"] = /"time":(\d+)[^\n]*Foyer is open at/.exec(output().stdout) ?? [];
  return Math.round((Number(time) - Date.now()) / 3_600_000);
}

describe("delivering emails", () => {
  let smtp: Smtp;
  const behaviour: SmtpBehaviour = {};
  const foyers: TestFoyer[] = [];

  beforeEach(async () => {
    smtp = await startSmtp(behaviour);
  });
  afterEach(async () => {
    await Promise.all(foyers.splice(0).map((foyer) => foyer.stop()));
    await smtp.close();
    for (const name of ["recipient", "data", "text", "options"] as const) delete behaviour[name];
  });

  async function start(overrides: Partial<Config> = {}) {
    const foyer = await startFoyer({ mail: { kind: "smtp", url: smtp.url(IMPATIENT), from: FROM }, ...overrides });
    foyers.push(foyer);
    return foyer;
  }

  /** What the end of their leases, or of their waits, would bring about. */
  const END_WAITS = "update emails set available_at = now() where finished_at is null";

  const allSent = async (foyer: TestFoyer) => (await foyer.rows("emails")).every(({ outcome }) => outcome === "sent");

  function expectArrived(addresses: readonly string[]) {
    expect(smtp.recipients.toSorted()).to.deep.equal(addresses.toSorted());
  }

  for (const [how, options] of [
    ["takes no connection", undefined],
    ["says nothing", { onConnect: () => {} }],
  ] as const) {
    it(`waits while the mail server ${how}, holds up no registration, and sends each once when it is back`, async () => {
      await smtp.close();
      if (options) {
        behaviour.options = options;
        await smtp.open();
      }
      const foyer = await start();
      const started = performance.now();
      await register(foyer.url, upTo(30));
      expect(performance.now() - started).to.be.below(5000);
      await until(() => foyer.logged().includes("no email can be sent"));
      expect(
        (await foyer.rows("emails")).map(({ lease_version, finished_at }) => [lease_version, finished_at]),
      ).to.deep.equal(Array(30).fill([0, null]));
      if (options) {
        delete behaviour.options;
        await smtp.close();
      }
      await smtp.open();
      await until(() => allSent(foyer));
      expectArrived(upTo(30));
      expect(
        (await foyer.rows("emails")).map(({ lease_version, attempts }) => [lease_version, attempts]),
      ).to.deep.equal(Array(30).fill([1, 0]));
    });
  }

  it("sends each once when a mail server that went down is back, and charges none for it", async () => {
    const foyer = await start();
    await register(foyer.url, [address("early")]);
    await until(() => allSent(foyer));
    await smtp.close();
    await register(foyer.url, upTo(30));
    await until(() => foyer.logged().includes("no email can be sent"));
    const underWay = async () =>
      (await foyer.rows("emails")).filter(
        ({ lease_version, finished_at }) => finished_at === null && lease_version !== 0,
      );
    await until(async () => (await underWay()).every(({ last_response }) => last_response !== null));
    const found = (await underWay()).length;
    expect(found).to.be.within(1, CONCURRENCY);
    await smtp.open();
    await until(() => smtp.recipients.length === 31 - found);
    await foyer.sql(END_WAITS);
    await until(() => allSent(foyer));
    expectArrived([address("early"), ...upTo(30)]);
    expect((await foyer.rows("emails")).map(({ attempts }) => attempts)).to.deep.equal(Array(31).fill(0));
  });

  it("records what was sent while the database was down when that is back, and does not send it again", async function () {
    if (!postgresUrl) return this.skip();
    const target = new URL(postgresUrl);
    const wire = new Wire();
    await wire.open(target);
    const database = await createDatabase();
    try {
      const url = new URL(database.env["DATABASE_URL"] ?? "");
      url.hostname = "127.0.0.1";
      url.port = String(wire.port);
      const foyer = await start({ database: { url: url.href, poolMax: 10 } });
      behaviour.data = (_mail, tries) => {
        if (tries === 1) wire.cut();
        return undefined;
      };
      await register(foyer.url, [address(1)]);
      await until(() => smtp.taken.length === 1);
      await setTimeout(2000);
      await wire.open(target);
      await until(async () => (await sentBy(foyer.url)) === 1);
      expect(
        (await foyer.rows("emails")).map(({ outcome, lease_version, attempts }) => [outcome, lease_version, attempts]),
      ).to.deep.equal([["sent", 1, 0]]);
      expectArrived([address(1)]);
    } finally {
      await Promise.all(foyers.splice(0).map((foyer) => foyer.stop()));
      wire.cut();
      await database.drop();
    }
  });

  it("sends each once though the server hangs or drops the connection at others, which wait by themselves", async () => {
    const poison = [address("cut"), address("hangs")];
    let cuts = 0;
    behaviour.text = (to) => {
      if (to !== poison[0]) return undefined;
      cuts += 1;
      return "cut";
    };
    behaviour.data = ({ to }) => (to && !Array.isArray(to) && to.text === poison[1] ? "hang" : undefined);
    const foyer = await start();
    await register(foyer.url, poison);
    await register(foyer.url, upTo(20));
    const waiting = async (round: number) => {
      const rows = (await foyer.rows("emails")).filter(({ email_key }) => poison.includes(String(email_key)));
      return rows.every(({ attempts }) => attempts === round);
    };
    for (const round of [1, 2]) {
      await until(() => waiting(round));
      const { rows } = await foyer.sql(
        "select email_key, lease_version, finished_at, extract(epoch from available_at - now())::float as seconds from emails where attempts > 0 order by id",
      );
      expect(rows).to.have.length(2);
      expect(cuts).to.equal(round);
      for (const { seconds, ...row } of rows) {
        expect(poison).to.include(row["email_key"]);
        expect([row["lease_version"], row["finished_at"]]).to.deep.equal([round, null]);
        // Half a minute and then a whole one, and up to a quarter more.
        expect(seconds).to.be.within(30 * round - 10, 30 * round * 1.25);
      }
      await until(() => smtp.recipients.length === 20 * round);
      expectArrived(round === 1 ? upTo(20) : upTo(40));
      if (round === 1) await Promise.all([foyer.sql(END_WAITS), register(foyer.url, upTo(40).slice(20))]);
    }
  });

  it("sends what the server puts off once later, and gives up what it refuses, with its response, for good", async () => {
    const tries = new Map<string, number>();
    const count = (what: string) => {
      tries.set(what, (tries.get(what) ?? 0) + 1);
    };
    const [greyed, greyedText, refused, refusedText] = upTo(4);
    behaviour.recipient = (to, tried) => {
      count(to);
      if (to === greyed && tried === 1) return "451 4.7.1 greylisted, come back";
      return to === refused ? "550 5.1.1 no such user" : undefined;
    };
    behaviour.data = ({ to }, tried) => {
      const [text] = to && !Array.isArray(to) ? [to.text] : [];
      if (text === greyedText && tried === 1) return "452 4.3.1 no room just now";
      return text === refusedText ? "554 5.7.1 not wanted here" : undefined;
    };
    const foyer = await start();
    await register(foyer.url, upTo(4));
    const state = async () => {
      const rows = await foyer.rows("emails");
      return new Map(
        rows.map(({ email_key, outcome, attempts, last_response }) => [email_key, [outcome, attempts, last_response]]),
      );
    };
    await until(async () => (await foyer.rows("emails")).every(({ last_response }) => last_response !== null));
    const before = await state();
    expect(before.get(greyed)).to.deep.equal([null, 1, "451 4.7.1 greylisted, come back"]);
    expect(before.get(greyedText)).to.deep.equal([null, 1, "452 4.3.1 no room just now"]);
    expect(before.get(refused)).to.deep.equal(["given_up", 0, "550 5.1.1 no such user"]);
    expect(before.get(refusedText)).to.deep.equal(["given_up", 0, "554 5.7.1 not wanted here"]);
    expect(smtp.recipients).to.deep.equal([]);

    // Those that were given up are due too, and come first, as the older ones.
    await foyer.sql(
      "update emails set available_at = now() - make_interval(secs => case when finished_at is null then 0 else 60 end)",
    );
    await until(
      async () => (await state()).get(greyed)?.[0] === "sent" && (await state()).get(greyedText)?.[0] === "sent",
    );
    const after = await state();
    expect(after.get(greyed)).to.deep.equal(["sent", 1, null]);
    for (const given of [refused, refusedText]) expect(after.get(given)).to.deep.equal(before.get(given));
    expect([greyed, greyedText, refused, refusedText].map((to) => tries.get(to ?? ""))).to.deep.equal([2, 2, 1, 1]);
    expectArrived([greyed ?? "", greyedText ?? ""]);
  });

  describe("from a process", () => {
    let database: TestDatabase;
    const processes: FoyerProcess[] = [];

    beforeEach(async () => {
      database = await createDatabase();
    });
    afterEach(async () => {
      for (const { child } of processes) child.kill("SIGKILL");
      await Promise.all(processes.splice(0).map(({ ended }) => ended));
      await database.drop();
    });

    function spawn(env: Record<string, string> = {}) {
      const mail = { SMTP_URL: smtp.url(IMPATIENT), MAIL_FROM: FROM.address };
      // A machine that has other work refuses none of the registrations.
      const foyer = spawnFoyer({ ...database.env, ...mail, HASH_MAX_WAIT_SECONDS: "60", ...env });
      processes.push(foyer);
      return foyer;
    }

    async function end({ child, ended }: FoyerProcess, signal: "SIGTERM" | "SIGKILL") {
      child.kill(signal);
      expect(await ended).to.equal(signal === "SIGTERM" ? 0 : signal);
    }

    /** On the embedded database only while no Foyer has it. @param before what comes before it in its transaction. */
    async function query(statement: string, before?: (trx: Knex) => Promise<void>): Promise<Record<string, unknown>[]> {
      const { db, close } = await connect(database.settings, pino({ level: "silent" }));
      try {
        return await db.transaction(async (trx) => {
          await trx.raw("set local search_path = public");
          await before?.(trx);
          return (await trx.raw(statement)).rows;
        });
      } finally {
        await close();
      }
    }

    const emails = () => query("select * from emails order by id");
    it("sends one for each account after a kill -9 in the midst of registrations, before any was sent", async () => {
      await smtp.close();
      const killed = spawn();
      const url = await killed.ready;
      const created: string[] = [];
      const running = upTo(24).map(async (email) => {
        if ((await postJson(url, { email, password: PASSWORD }).catch(() => 0)) === 201) created.push(email);
      });
      await until(() => created.length >= 8);
      await end(killed, "SIGKILL");
      await Promise.all(running);
      const made = await query("select email, lease_version from users left join emails using (email_key)");
      const accounts = made.map(({ email }) => String(email));
      expect(accounts).to.include.members(created);
      expect(accounts.length).to.be.below(24);
      expect(made.map(({ lease_version }) => lease_version)).to.deep.equal(made.map(() => 0));

      await smtp.open();
      const next = spawn();
      await next.ready;
      await until(() => smtp.recipients.length >= accounts.length);
      await end(next, "SIGTERM");
      expectArrived(accounts);
      expect((await emails()).map(({ outcome }) => outcome)).to.deep.equal(accounts.map(() => "sent"));
    });

    it("sends an email again, as the same one, after a kill -9 between sending and recording, and both links hold", async () => {
      const killed = spawn();
      behaviour.data = (_mail, tries) => {
        if (tries === 1) killed.child.kill("SIGKILL");
        return undefined;
      };
      await register(await killed.ready, [address("twice")]);
      expect(await killed.ended).to.equal("SIGKILL");
      await until(() => smtp.taken.length === 1);
      // What was there before, with what the end of the lease changes.
      const left = await query(`${END_WAITS} returning lease_version, attempts, outcome`);
      expect(left).to.deep.equal([{ lease_version: 1, attempts: 0, outcome: null }]);
      const next = spawn();
      const url = await next.ready;
      await until(() => smtp.taken.length === 2);
      const [first, second] = smtp.taken.map((mail) => ({ id: mail.messageId, ...readLinkAndCode(mail.text) }));
      expect(first?.id)
        .to.match(/^<foyer\.\d+\.\d+@example\.com>$/)
        .and.equal(second?.id);
      expect(first?.token).to.be.a("string").and.not.equal(second?.token);
      expect(await verify(url, second?.token ?? "")).to.equal(200);
      expect(await verify(url, first?.token ?? "")).to.equal(200);
      await end(next, "SIGTERM");
      expectArrived([address("twice"), address("twice")]);
      expect((await emails()).map(({ outcome, lease_version }) => [outcome, lease_version])).to.deep.equal([
        ["sent", 2],
      ]);
    });

    it("sends again only what was sent and not recorded before a kill -9, and never as another email", async function () {
      // To open the embedded one so often takes seconds, and the test above shows the same there with one email.
      if (!postgresUrl) return this.skip();
      const killed = spawn();
      behaviour.data = () => {
        if (smtp.taken.length === 10) killed.child.kill("SIGKILL");
        return undefined;
      };
      const url = await killed.ready;
      await Promise.all(upTo(24).map((email) => postJson(url, { email, password: PASSWORD }).catch(() => 0)));
      await killed.ended;
      // What it had asked of the database may still be done.
      const others = "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
      await until(async () => (await query(others)).length === 0);
      const accounts = await query("select email, outcome from users join emails using (email_key)");
      const recorded = accounts.filter(({ outcome }) => outcome === "sent").map(({ email }) => String(email));
      const addresses = accounts.map(({ email }) => String(email));
      const takenUnrecorded = smtp.recipients.filter((recipient) => !recorded.includes(recipient));
      expect(takenUnrecorded.length).to.be.within(1, CONCURRENCY);

      await query(END_WAITS);
      const next = spawn();
      await next.ready;
      await until(() => smtp.recipients.length >= addresses.length + takenUnrecorded.length);
      await end(next, "SIGTERM");
      expectArrived([...addresses, ...takenUnrecorded]);
      expect((await emails()).map(({ outcome }) => outcome)).to.deep.equal(addresses.map(() => "sent"));
      expect(new Set(smtp.taken.map(({ messageId }) => messageId)).size).to.equal(addresses.length);
    });

    it("sends each once from two instances at the same time, with clocks two hours apart", async function () {
      if (!postgresUrl) return this.skip();
      // So that neither can have sent all before the other looks.
      behaviour.options = { onMailFrom: (_address, _session, done) => void setTimeout(20).then(() => done()) };
      await smtp.close();
      await smtp.open();
      const instances = [spawn(clockOff(-1)), spawn(clockOff(1))] as const;
      const urls = await Promise.all([instances[0].ready, instances[1].ready]);
      expect(instances.map(hoursOff)).to.deep.equal([-1, 1]);
      await query("alter table emails alter column available_at set default now() + interval '1 hour'");
      const [one, other] = [upTo(40).slice(0, 20), upTo(40).slice(20)];
      await Promise.all([register(urls[0], one), register(urls[1], other)]);
      expect(smtp.recipients).to.deep.equal([]);

      // Both reach for the emails at one moment.
      const reaching = `select pid from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like 'with recursive%'`;
      await query(END_WAITS, async (trx) => {
        await trx.raw("lock table emails");
        await until(async () => (await query(reaching)).length === 2);
      });
      const sent = () => Promise.all(urls.map(sentBy));
      await until(async () => (await sent()).reduce((sum, count) => sum + count) >= 40);
      expectArrived([...one, ...other]);
      expect(Math.min(...(await sent()))).to.be.above(0);
      expect((await emails()).map(({ lease_version, outcome }) => [lease_version, outcome])).to.deep.equal(
        Array(40).fill([1, "sent"]),
      );
    });

    it("sends from another instance when the lease of one that died ends, and not before", async function () {
      if (!postgresUrl) return this.skip();
      // That their clocks are wrong makes no difference: those tell neither how long a lease is nor when it ends.
      const killed = spawn(clockOff(-1));
      const url = await killed.ready;
      let tries = 0;
      behaviour.data = () => {
        tries += 1;
        return tries === 1 ? "hang" : undefined;
      };
      await register(url, [address(1)]);
      await until(() => tries === 1);
      await end(killed, "SIGKILL");
      const [leased] = await query(
        "select extract(epoch from available_at - now())::float as seconds, lease_version, attempts from emails",
      );
      expect([leased?.["lease_version"], leased?.["attempts"]]).to.deep.equal([1, 0]);
      expect(leased?.["seconds"]).to.be.within(LEASE_SECONDS - 10, LEASE_SECONDS);

      const ahead = spawn(clockOff(1));
      await ahead.ready;
      expect([hoursOff(killed), hoursOff(ahead)]).to.deep.equal([-1, 1]);
      await setTimeout(POLLED_MS);
      expect(tries).to.equal(1);
      expect((await emails()).map(({ lease_version }) => lease_version)).to.deep.equal([1]);
      await query(END_WAITS);
      await until(async () => (await emails()).every(({ outcome }) => outcome === "sent"));
      expectArrived([address(1)]);
      expect((await emails()).map(({ lease_version }) => lease_version)).to.deep.equal([2]);
    });
  });
});
