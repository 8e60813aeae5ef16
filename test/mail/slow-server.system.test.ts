import { spawn } from "node:child_process";
import dns from "node:dns";
import { once } from "node:events";
import { type AddressInfo, connect as connectTo, createServer, type Socket } from "node:net";
import { mock } from "node:test";
import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { pino } from "pino";
import { connect, type Database } from "../../src/db/connect.ts";
import type { DeliveryParts } from "../../src/mail/delivery.ts";
import { createOutbox, enqueue } from "../../src/mail/outbox.ts";
import { createSmtp, smtpOptions } from "../../src/mail/smtp.ts";
import { CONCURRENCY, startWorker } from "../../src/mail/worker.ts";
import { OutboxEmail } from "../../src/models/outbox-email.ts";
import { NotSent } from "../../src/outbox/not-sent.ts";
import type { Worker } from "../../src/outbox/worker.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { PASSWORD, startFoyer } from "../support/foyer.ts";
import { newEmail } from "../support/new-email.ts";
import { postJson, spawnFoyer } from "../support/process.ts";
import { type SlowSmtp, type Step, startSlowSmtp } from "../support/slow-smtp.ts";

const FROM = { name: "Example", address: "accounts@example.com" };
const MINUTE_MS = 60_000;
/** In these tests a lease is so short that a slow mail server outlasts it. */
const LEASE_SECONDS = 2;
const NEVER_MS = 10 * MINUTE_MS;

const address = (n: number | string) => `n${n}@example.com`;
const upTo = (count: number) => Array.from({ length: count }, (_, n) => address(n));

async function until(condition: () => boolean | Promise<boolean>, milliseconds = 30_000) {
  const end = performance.now() + milliseconds;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${milliseconds} ms: ${condition}`);
    await setTimeout(40);
  }
}

describe("the timeouts of a mail server", () => {
  it("are at least those of RFC 5321 section 4.5.3.2 when SMTP_URL says nothing else", () => {
    expect(smtpOptions("smtp://smtp.example.com")).to.include({
      connectionTimeout: MINUTE_MS / 2,
      greetingTimeout: 5 * MINUTE_MS,
      socketTimeout: 10 * MINUTE_MS,
    });
  });

  it("are those of SMTP_URL, with connecting and greeting told apart", () => {
    const url =
      "smtp://h?connectionTimeout=2000&greetingTimeout=20000&socketTimeout=3000&dnsTimeout=400&maxConnections=3";
    expect(smtpOptions(url)).to.include({
      connectionTimeout: 2000,
      greetingTimeout: 20_000,
      socketTimeout: 3000,
      dnsTimeout: 400,
      maxConnections: 3,
    });
  });

  it("let the greeting come as late as greetingTimeout says, and no later", async () => {
    const smtp = await startSlowSmtp((step) => (step === "greeting" ? 1500 : 0));
    try {
      await createSmtp(smtp.url("?connectionTimeout=500&greetingTimeout=5000")).check();
      const hasty = createSmtp(smtp.url("?greetingTimeout=500"));
      expect(await hasty.check().catch((error: Error) => error.message)).to.match(/greeting/i);
    } finally {
      await smtp.close();
    }
  });

  describe("end connecting after connectionTimeout", () => {
    const QUICK = "?connectionTimeout=400";
    const clients: Socket[] = [];
    afterEach(() => {
      for (const client of clients.splice(0)) client.destroy();
    });

    /** How a check and both kinds of an email fail, and after how many milliseconds each. */
    async function attempts(url: string) {
      const smtp = createSmtp(url);
      const email = { messageId: "<1@example.com>", from: FROM, subject: "x", text: "x", html: "x" };
      const { signal } = new AbortController();
      const tries = [
        () => smtp.check(),
        () => smtp.send({ ...email, to: address(1) }, signal),
        () => smtp.send({ ...email, to: "用户@example.com" }, signal),
      ];
      const outcomes = [];
      for (const attempt of tries) {
        const started = performance.now();
        const error = await attempt().then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(performance.now() - started).to.be.within(380, 10_000);
        outcomes.push(error instanceof NotSent ? [error.reason, error.message] : error);
      }
      smtp.close();
      return outcomes;
    }

    const timedOut = Array(3).fill(["server_down", "Connection timeout"]);

    it("when the server takes no part in TLS, which smtps:// begins with", async () => {
      const server = createServer((socket) => clients.push(socket.on("error", () => {}).resume()));
      await once(server.listen(0, "127.0.0.1"), "listening");
      const { port } = server.address() as AddressInfo;
      try {
        expect(await attempts(`smtps://127.0.0.1:${port}${QUICK}`)).to.deep.equal(timedOut);
        await until(() => clients.length === 3 && clients.every(({ destroyed }) => destroyed));
      } finally {
        server.close();
      }
    });

    it("or dnsTimeout, when no name server answers", async () => {
      mock.method(dns, "lookup", () => {});
      try {
        const outcomes = await attempts("smtp://mail.example.com?dnsTimeout=400");
        expect(outcomes).to.deep.equal(Array(3).fill(["server_down", "no answer to the name mail.example.com"]));
      } finally {
        mock.restoreAll();
      }
    });

    it("when nothing answers", async () => {
      const program = `const server = require("node:net").createServer().listen(
        { port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(server.address().port))`;
      const server = spawn(process.execPath, ["-e", program]);
      try {
        const port = Number(await once(server.stdout, "data"));
        // It accepts none from now on. The kernel takes two for it, and drops what comes after.
        server.kill("SIGSTOP");
        for (let n = 0; n < 2; n += 1) {
          const client = connectTo(port, "127.0.0.1");
          clients.push(client.on("error", () => {}));
          await once(client, "connect");
        }
        expect(await attempts(`smtp://127.0.0.1:${port}${QUICK}`)).to.deep.equal(timedOut);
      } finally {
        server.kill("SIGKILL");
      }
    });
  });
});

describe("sending to a slow mail server", () => {
  let database: TestDatabase;
  let opened: Database;
  let smtp: SlowSmtp;
  const workers: Worker[] = [];
  const events: string[] = [];

  beforeEach(async () => {
    database = await createDatabase();
    opened = await connect(database.settings, pino({ level: "silent" }));
  });
  afterEach(async () => {
    await smtp.close();
    await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    events.length = 0;
    await opened.close();
    await database.drop();
  });

  /** One of the instances that send from the same outbox. */
  function start(options = "", slowMs?: number) {
    const parts: DeliveryParts = {
      outbox: createOutbox(opened.db, { leaseSeconds: LEASE_SECONDS }),
      build: async (emails) =>
        new Map(emails.map(({ id, email_key: to }) => [id, { kind: "already-registered", to, language: null }])),
      render: ({ to }, email) => ({
        messageId: `<${email.id}@example.com>`,
        from: FROM,
        to,
        subject: "x",
        text: "x",
        html: "x",
      }),
      transport: createSmtp(smtp.url(options)),
      log: pino({ level: "silent" }),
      observe: (event) => events.push(event),
    };
    workers.push(startWorker(parts, slowMs === undefined ? {} : { slowMs }));
  }

  async function queue(addresses: readonly string[]) {
    for (const to of addresses) await enqueue(opened.db, newEmail(to));
  }

  const emails = () => OutboxEmail.query(opened.db).orderBy("id");
  const allSent = async () => (await emails()).every(({ outcome }) => outcome === "sent");

  for (const [how, wait] of [
    ["after the text", (step: Step) => (step === "text" ? 3000 : 0)],
    ["at each step, though at none for as long", () => 700],
  ] as const) {
    it(`sends each once from two instances when it takes longer than a lease: ${how}`, async () => {
      smtp = await startSlowSmtp(wait);
      await queue(upTo(6));
      start("?greetingTimeout=6000&socketTimeout=6000");
      start("?greetingTimeout=6000&socketTimeout=6000");
      await until(allSent);
      // A worker that had taken one for lost would send it now.
      await setTimeout(LEASE_SECONDS * 1000);
      expect(smtp.received.toSorted()).to.deep.equal(upTo(6));
      expect((await emails()).map(({ lease_version, attempts }) => [lease_version, attempts])).to.deep.equal(
        Array(6).fill([1, 0]),
      );
      expect(events).to.deep.equal(Array(6).fill("sent"));
    });
  }

  it("notes a server's words without what the database cannot hold, and those of others with them", async () => {
    smtp = await startSlowSmtp(() => 0, { RCPT: "550 5.1.1 no \0such \u001b[31muser" });
    await queue(upTo(3));
    start();
    await until(async () => (await emails()).every(({ finished_at }) => finished_at !== null));
    expect((await emails()).map(({ outcome, last_response }) => [outcome, last_response])).to.deep.equal(
      Array(3).fill(["given_up", "550 5.1.1 no  such  [31muser"]),
    );
  });

  it("stops after socketTimeout of silence, and tries again later", async () => {
    smtp = await startSlowSmtp((step) => (step === "MAIL" ? NEVER_MS : 0));
    await queue([address(1)]);
    start("?socketTimeout=500");
    await until(async () => (await emails()).every(({ last_response }) => last_response !== null));
    expect((await emails()).map(({ attempts, finished_at }) => [attempts, finished_at])).to.deep.equal([[1, null]]);
  });

  it("goes on with others though more hang for minutes than are sent at a time", async () => {
    const hanging = upTo(2 * CONCURRENCY);
    const others = ["a", "b", "c"].map((n) => `${n}@elsewhere.example`);
    smtp = await startSlowSmtp((step, to) => (step === "text" && hanging.includes(to) ? NEVER_MS : 0));
    await queue([...hanging, ...others]);
    start("", 300);
    await until(() => others.every((to) => smtp.received.includes(to)));
    // A quarter of the 20 connections stays for other domains.
    await until(() => smtp.received.length === 15 + others.length);
  });

  for (const [what, count, domain, clients] of [
    ["forty of one client to a slow domain", 40, () => "slow.example", 1],
    ["four hundred of one client to a slow domain", 400, () => "slow.example", 1],
    ["forty of one client to as many slow domains", 40, (n: number) => `slow${n}.example`, 1],
    ["eighty of four clients to as many slow domains", 80, (n: number) => `slow${n}.example`, 4],
  ] as const) {
    it(`sends an email of another client to another domain within five seconds while there are ${what}`, async () => {
      smtp = await startSlowSmtp((step, to) => (step === "RCPT" && to.includes("@slow") ? 20_000 : 0));
      const slow = Array.from({ length: count }, (_, n) =>
        newEmail(`a${n}@${domain(n)}`, { network: `client${n % clients}` }),
      );
      for (const email of slow) await enqueue(opened.db, email);
      start();
      await until(() => smtp.lines.some((line) => line.startsWith("RCPT")));
      for (const wait of [0, 6000]) {
        await setTimeout(wait);
        const honest = `honest${wait}@example.com`;
        const asked = performance.now();
        await queue([honest]);
        await until(() => smtp.received.includes(honest), 10_000);
        expect(performance.now() - asked).to.be.below(5000);
      }
    });
  }

  it("opens no more connections than maxConnections, and sends all", async () => {
    let most = 0;
    smtp = await startSlowSmtp(() => {
      most = Math.max(most, smtp.connections());
      return 100;
    });
    await queue(upTo(6));
    start("?maxConnections=2", 0);
    await until(allSent);
    // The third asked whether the server is there.
    expect(most).to.be.within(2, 3);
    expect(smtp.received.toSorted()).to.deep.equal(upTo(6));
  });

  it("lets go of an email that another instance took meanwhile", async () => {
    smtp = await startSlowSmtp((step: Step) => (step === "MAIL" ? NEVER_MS : 0));
    await queue([address(1)]);
    start();
    await until(() => smtp.lines.some((line) => line.startsWith("MAIL")));
    // As another would that found the lease at its end, after a pause of this process.
    await opened.db("emails").update({ lease_version: 2, available_at: opened.db.raw("now() + interval '1 hour'") });
    await until(() => smtp.connections() === 0);
    expect(
      (await emails()).map(({ lease_version, attempts, last_response }) => [lease_version, attempts, last_response]),
    ).to.deep.equal([[2, 0, null]]);
    expect(events).to.deep.equal([]);
  });
});

describe("an email that takes minutes to send", () => {
  it("keeps no process from ending", async () => {
    const smtp = await startSlowSmtp((step) => (step === "text" ? NEVER_MS : 0));
    const database = await createDatabase();
    try {
      const foyer = spawnFoyer({ ...database.env, SMTP_URL: smtp.url(), MAIL_FROM: FROM.address });
      const url = await foyer.ready;
      await postJson(url, { email: address(1), password: PASSWORD });
      await until(() => smtp.received.length === 1);
      const started = performance.now();
      foyer.child.kill("SIGTERM");
      expect(await foyer.ended).to.equal(0);
      expect(performance.now() - started).to.be.below(9900);
    } finally {
      await smtp.close();
      await database.drop();
    }
  });
});

describe("the sender of emails", () => {
  it("is sent with its domain in ASCII", async () => {
    const smtp = await startSlowSmtp(() => 0);
    const foyer = await startFoyer({
      mail: { kind: "smtp", url: smtp.url(), from: { name: "", address: "a@xn--bcher-kva.de" } },
    });
    try {
      await foyer.register(address(1));
      await until(() => smtp.received.length === 1);
      expect(smtp.lines.filter((line) => line.startsWith("MAIL"))).to.deep.equal(["MAIL FROM:<a@xn--bcher-kva.de>"]);
    } finally {
      await foyer.stop();
      await smtp.close();
    }
  });
});
