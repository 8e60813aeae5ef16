import { setTimeout } from "node:timers/promises";
import { domainToUnicode } from "node:url";
import { expect } from "chai";
import { generate } from "selfsigned";
import type { SMTPServerOptions } from "smtp-server";
import { parseConfig } from "../../src/config/environment.ts";
import { readLinkAndCode } from "../support/emails.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { type Smtp, type SmtpBehaviour, startSmtp } from "../support/smtp.ts";

const FROM = "Example Accounts <accounts@example.com>";
const UNTRUSTED = "?tls.rejectUnauthorized=false";

describe("an email by SMTP", () => {
  let smtp: Smtp;
  let foyer: TestFoyer;
  afterEach(async () => {
    await foyer.stop();
    await smtp.close();
  });

  async function start(behaviour: SmtpBehaviour = {}, urlOf: (smtp: Smtp) => string = ({ url }) => url(), from = FROM) {
    smtp = await startSmtp(behaviour);
    const { mail } = parseConfig({ SMTP_URL: urlOf(smtp), MAIL_FROM: from });
    foyer = await startFoyer({ mail, publicUrl: new URL("https://accounts.example.com") });
  }

  async function register(address = "alice@example.com") {
    expect((await foyer.register(address).set("X-Forwarded-Proto", "https")).status).to.equal(201);
  }

  async function until(condition: () => boolean | Promise<boolean>) {
    for (let tries = 0; tries < 200 && !(await condition()); tries += 1) await setTimeout(50);
    expect(await condition()).to.equal(true);
  }

  const allFinished = async () => (await foyer.rows("emails")).every(({ finished_at }) => finished_at !== null);
  const outcomes = async () =>
    (await foyer.rows("emails")).map(({ outcome, last_response }) => [outcome, last_response]);

  it("has the link, the code, how long they work, but nothing of the address, as text and as HTML, and loads nothing", async () => {
    await start();
    await register();
    await until(() => smtp.taken.length === 1);
    const [mail] = smtp.taken;
    expect(mail?.subject).to.equal("Verify your email address – Foyer");
    expect(mail?.from?.text).to.equal('"Example Accounts" <accounts@example.com>');
    expect(mail?.to).to.include({ text: "alice@example.com" });
    expect(mail?.headers.get("auto-submitted")).to.equal("auto-generated");
    expect(mail?.messageId).to.match(/^<foyer\.1\.\d+@example\.com>$/);
    const { token, code } = readLinkAndCode(mail?.text);
    for (const text of [mail?.text, String(mail?.html)]) {
      expect(text)
        .to.include(`https://accounts.example.com/verify?token=${token}`)
        .and.include(code)
        .and.include("24 hours")
        .and.not.include("alice");
    }
    expect(mail?.attachments).to.deep.equal([]);
    expect(String(mail?.html)).not.to.match(/<script|<img|<link|src=/);
    await until(allFinished);
    expect(await outcomes()).to.deep.equal([["sent", null]]);
  });

  for (const [given, name, address = "a@example.com"] of [
    ["a@example.com", ""],
    ['"Example, Inc." <a@example.com>', "Example, Inc."],
    ["Example: Accounts <a@example.com>", "Example: Accounts"],
    ['"Ex; \\"am\\" (ple) <b@example.org>, [\\\\]" <a@example.com>', 'Ex; "am" (ple) <b@example.org>, [\\]'],
    [
      `Bücher, 本 und 👩‍💻 ${"sehr ".repeat(40)}lang <a@bücher.de>`,
      `Bücher, 本 und 👩‍💻 ${"sehr ".repeat(40)}lang`,
      "a@xn--bcher-kva.de",
    ],
    [`${"x".repeat(256)} <a@example.com>`, "x".repeat(256)],
  ] as const) {
    it(`names one sender and no other, whatever the name: ${given.slice(0, 60)}`, async () => {
      await start(undefined, undefined, given);
      await register();
      await until(() => smtp.taken.length === 1);
      const [mail] = smtp.taken;
      const domain = address.slice(address.indexOf("@") + 1);
      expect(mail?.from?.value).to.deep.equal([{ name, address: `a@${domainToUnicode(domain)}` }]);
      expect(mail?.messageId?.endsWith(`@${domain}>`)).to.equal(true);
      const from = mail?.headerLines.filter(({ key }) => key === "from").map(({ line }) => line);
      expect(from).to.have.length(1);
      // What is not ASCII is encoded (RFC 2047), and no line is longer than one may be (RFC 5322 section 2.1.1).
      expect(from?.join())
        .to.match(/^[\x20-\x7e\r\n]*$/)
        .and.include(address);
      expect(Math.max(...(from?.join().split("\r\n") ?? []).map(({ length }) => length))).to.be.below(998);
      expect(smtp.senders).to.deep.equal([`a@${domainToUnicode(domain)}`]);
    });
  }

  it("goes to one recipient, whatever the address", async () => {
    await start();
    const addresses = [
      "a!#$%&'*+-/=?^_`{|}~b@example.com",
      "o'brien@example.com",
      "x{{y}}@example.com",
      "=?utf-8?q?x?=@example.com",
    ];
    for (const address of addresses) await register(address);
    await until(() => smtp.taken.length === addresses.length);
    expect(smtp.recipients.toSorted()).to.deep.equal(addresses.toSorted());
    for (const mail of smtp.taken) expect(mail.headers.has("bcc")).to.equal(false);
  });

  it("goes to an address beyond ASCII when the server takes those", async () => {
    await start();
    await register("jörg@bücher.de");
    await until(() => smtp.taken.length === 1);
    // The server shows in letters what came as xn--bcher-kva.de.
    expect(smtp.recipients).to.deep.equal(["jörg@bücher.de"]);
  });

  it("is given up, and the reason is kept, when the server does not take addresses beyond ASCII", async () => {
    await start({ options: { hideSMTPUTF8: true } });
    await register("jörg@bücher.de");
    await register("plain@bücher.de");
    await until(allFinished);
    expect(smtp.recipients).to.deep.equal(["plain@bücher.de"]);
    const [[outcome, response] = []] = (await outcomes()).filter(([how]) => how !== "sent");
    expect(outcome).to.equal("given_up");
    expect(response).to.include("SMTPUTF8");
  });

  describe("to a server", () => {
    const tls = generate([{ name: "commonName", value: "localhost" }], { keySize: 2048 });
    const credentials: SMTPServerOptions = {
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) =>
        username === "foyer" && password === "p@ss" ? done(null, { user: "foyer" }) : done(new Error("Invalid login")),
    };

    it("is sent by TLS from the first byte", async () => {
      const { private: key, cert } = await tls;
      await start({ options: { secure: true, key, cert } }, ({ port }) => `smtps://127.0.0.1:${port}${UNTRUSTED}`);
      await register();
      await until(() => smtp.taken.length === 1);
    });

    it("is sent by STARTTLS when the server offers it", async () => {
      const { private: key, cert } = await tls;
      const secured: boolean[] = [];
      const options = {
        disabledCommands: [],
        key,
        cert,
        onMailFrom: (_from: object, session: { secure: boolean }, done: () => void) => {
          secured.push(session.secure);
          done();
        },
      };
      await start({ options }, ({ url }) => url(UNTRUSTED));
      await register();
      await until(() => smtp.taken.length === 1);
      expect(secured).to.deep.equal([true]);
    });

    it("is sent with a login", async () => {
      await start({ options: credentials }, ({ port }) => `smtp://foyer:p%40ss@127.0.0.1:${port}`);
      await register();
      await until(() => smtp.taken.length === 1);
    });

    for (const [fault, options, urlOf] of [
      ["the login is refused", async () => credentials, ({ port }: Smtp) => `smtp://foyer:wrong@127.0.0.1:${port}`],
      [
        "the certificate is not trusted",
        async () => {
          const { private: key, cert } = await tls;
          return { secure: true, key, cert };
        },
        ({ port }: Smtp) => `smtps://127.0.0.1:${port}`,
      ],
    ] as const) {
      it(`waits uncharged while ${fault}, and no password is logged`, async () => {
        await start({ options: await options() }, urlOf);
        await register();
        await until(() => foyer.logged().includes("no email can be sent"));
        const rows = await foyer.rows("emails");
        expect(
          rows.map(({ attempts, lease_version, finished_at }) => [attempts, lease_version, finished_at]),
        ).to.deep.equal([[0, 0, null]]);
        expect(foyer.logged()).not.to.include("wrong");
      });
    }
  });

  it("waits uncharged while the server answers but takes none, and the server is asked ever more seldom", async () => {
    let connections = 0;
    const options: SMTPServerOptions = {
      onConnect: (_session, done) => {
        connections += 1;
        done();
      },
      onMailFrom: (_from, _session, done) => done(Object.assign(new Error("slow down"), { responseCode: 421 })),
    };
    await start({ options });
    for (let n = 0; n < 40; n += 1) await register(`n${n}@example.com`);
    await until(() => foyer.logged().includes("an email will be tried again"));
    await setTimeout(4000);
    expect(connections).to.be.below(25);
    for (const { attempts, finished_at } of await foyer.rows("emails"))
      expect([attempts, finished_at]).to.deep.equal([0, null]);
  });

  it("is counted when it is queued, sent, retried and given up", async () => {
    await start({
      recipient: (address, tries) =>
        address.startsWith("no")
          ? "550 no such user"
          : tries === 1 && address.startsWith("later")
            ? "451 later"
            : undefined,
    });
    for (const email of ["alice@example.com", "nobody@example.com", "later@example.com"]) await register(email);
    await until(
      async () =>
        (await foyer.rows("emails")).filter(({ last_response, finished_at }) => last_response || finished_at).length ===
        3,
    );
    const { text } = await foyer.http.get("/metrics");
    for (const line of ['{event="queued"} 3', '{event="sent"} 1', '{event="retried"} 1', '{event="given_up"} 1']) {
      expect(text).to.include(`foyer_emails_total${line}`);
    }
    expect(text).to.include("foyer_emails_waiting 1\n");
  });
});
