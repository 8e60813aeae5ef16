import { setTimeout } from "node:timers/promises";
import { domainToUnicode } from "node:url";
import { expect } from "chai";
import { generate } from "selfsigned";
import type { SMTPServerOptions } from "smtp-server";
import { parseConfig } from "../../src/config.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { readLetter, type Smtp, type SmtpBehaviour, startSmtp } from "../support/smtp.ts";

const FROM = "Example Accounts <accounts@example.com>";
const UNTRUSTED = "?tls.rejectUnauthorized=false";

describe("mail", () => {
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

  async function register(email = "alice@example.com") {
    const answer = await foyer.http.post("/register").set("X-Forwarded-Proto", "https").send({ email, password: "secret123" });
    expect(answer.status).to.equal(201);
  }

  async function until(condition: () => boolean | Promise<boolean>) {
    for (let tries = 0; tries < 200 && !(await condition()); tries += 1) await setTimeout(50);
    expect(await condition()).to.equal(true);
  }

  const isDone = async () => (await foyer.rows("mails")).every(({ done_at }) => done_at !== null);
  const given = async () => (await foyer.rows("mails")).map(({ outcome, reply }) => [outcome, reply]);

  it("says what it is about, as text and as HTML, to one person, from whom it is set", async () => {
    await start();
    await register();
    await until(() => smtp.taken.length === 1);
    const [mail] = smtp.taken;
    expect(mail?.subject).to.equal("Confirm your email address");
    expect(mail?.from?.text).to.equal('"Example Accounts" <accounts@example.com>');
    expect(mail?.to).to.include({ text: "alice@example.com" });
    expect(mail?.headers.get("auto-submitted")).to.equal("auto-generated");
    expect(mail?.messageId).to.match(/^<foyer\.1\.\d+@example\.com>$/);
    const { token, code } = readLetter(mail ?? {});
    for (const text of [mail?.text, String(mail?.html)]) {
      expect(text)
        .to.include(`https://accounts.example.com/verify?token=${token}`)
        .and.include(code)
        .and.include("24 hours")
        .and.include("alice@example.com");
    }
    expect(mail?.attachments).to.deep.equal([]);
    expect(String(mail?.html)).not.to.match(/<script|<img|<link|src=/);
    await until(isDone);
    expect(await given()).to.deep.equal([["sent", null]]);
  });

  for (const [given, name, address = "a@example.com"] of [
    ["a@example.com", ""],
    ['"Example, Inc." <a@example.com>', "Example, Inc."],
    ["Example: Accounts <a@example.com>", "Example: Accounts"],
    ['"Ex; \\"am\\" (ple) <b@example.org>, [\\\\]" <a@example.com>', 'Ex; "am" (ple) <b@example.org>, [\\]'],
    [`Bücher, 本 und 👩‍💻 ${"sehr ".repeat(40)}lang <a@bücher.de>`, `Bücher, 本 und 👩‍💻 ${"sehr ".repeat(40)}lang`, "a@xn--bcher-kva.de"],
    [`${"x".repeat(256)} <a@example.com>`, "x".repeat(256)],
  ] as const) {
    it(`is from one sender and no other, whatever the name: ${given.slice(0, 60)}`, async () => {
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

  it("has nothing in its lines but what was meant, whatever the address", async () => {
    await start();
    const addresses = ["a!#$%&'*+-/=?^_`{|}~b@example.com", "o'brien@example.com", "x{{y}}@example.com", "=?utf-8?q?x?=@example.com"];
    for (const address of addresses) await register(address);
    await until(() => smtp.taken.length === addresses.length);
    expect(smtp.recipients.toSorted()).to.deep.equal(addresses.toSorted());
    for (const mail of smtp.taken) expect(mail.headers.has("bcc")).to.equal(false);
    expect(smtp.taken.map(({ text }) => /with (\S+)$/m.exec(text ?? "")?.[1]).toSorted()).to.deep.equal(addresses.toSorted());
  });

  it("goes to an address beyond ASCII where the server takes those", async () => {
    await start();
    await register("jörg@bücher.de");
    await until(() => smtp.taken.length === 1);
    // The server shows in letters what came as xn--bcher-kva.de.
    expect(smtp.recipients).to.deep.equal(["jörg@bücher.de"]);
  });

  it("is given up, and why is written down, where the server does not", async () => {
    await start({ options: { hideSMTPUTF8: true } });
    await register("jörg@bücher.de");
    await register("plain@bücher.de");
    await until(isDone);
    expect(smtp.recipients).to.deep.equal(["plain@bücher.de"]);
    const [[outcome, reply] = []] = (await given()).filter(([how]) => how !== "sent");
    expect([outcome, String(reply).includes("SMTPUTF8")]).to.deep.equal(["given_up", true]);
  });

  describe("goes", () => {
    const tls = generate([{ name: "commonName", value: "localhost" }], { keySize: 2048 });
    const credentials: SMTPServerOptions = {
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) =>
        username === "foyer" && password === "p@ss" ? done(null, { user: "foyer" }) : done(new Error("Invalid login")),
    };

    it("through TLS from the first byte", async () => {
      const { private: key, cert } = await tls;
      await start({ options: { secure: true, key, cert } }, ({ port }) => `smtps://127.0.0.1:${port}${UNTRUSTED}`);
      await register();
      await until(() => smtp.taken.length === 1);
    });

    it("through STARTTLS, where the server offers it", async () => {
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

    it("with a login", async () => {
      await start({ options: credentials }, ({ port }) => `smtp://foyer:p%40ss@127.0.0.1:${port}`);
      await register();
      await until(() => smtp.taken.length === 1);
    });

    it("nowhere, and waits uncharged, while the login is refused or the certificate not trusted", async () => {
      const { private: key, cert } = await tls;
      for (const [options, urlOf] of [
        [credentials, ({ port }: Smtp) => `smtp://foyer:wrong@127.0.0.1:${port}`],
        [{ secure: true, key, cert }, ({ port }: Smtp) => `smtps://127.0.0.1:${port}`],
      ] as const) {
        await start({ options: { ...options } }, urlOf);
        await register();
        await until(() => foyer.logged().includes("no mail can be sent"));
        expect((await foyer.rows("mails")).map(({ attempts, lease, done_at }) => [attempts, lease, done_at])).to.deep.equal([[0, 0, null]]);
        expect(foyer.logged()).not.to.include("wrong");
        if (options !== credentials) continue;
        await foyer.stop();
        await smtp.close();
      }
    });
  });

  it("waits where no server is named and the pages are not this machine's alone, and can be read nowhere", async () => {
    smtp = await startSmtp();
    foyer = await startFoyer({ mail: { kind: "none" } });
    await register();
    expect((await foyer.http.get("/mailbox")).status).to.equal(404);
    expect((await foyer.http.get("/welcome")).text).not.to.include("mailbox");
    const { text } = await foyer.http.get("/metrics");
    expect(text)
      .to.include("foyer_mails_waiting 1\n")
      .and.match(/^foyer_mail_oldest_seconds 0\.\d+$/m);
    expect(text).to.include('foyer_mails_total{event="queued"} 1');
  });

  it("waits uncharged while the server answers but takes none, and asks it ever more seldom", async () => {
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
    await until(() => foyer.logged().includes("a mail waits"));
    await setTimeout(4000);
    expect(connections).to.be.below(25);
    for (const { attempts, done_at } of await foyer.rows("mails")) expect([attempts, done_at]).to.deep.equal([0, null]);
  });

  it("is counted", async () => {
    await start({
      recipient: (address, tries) =>
        address.startsWith("no") ? "550 no such user" : tries === 1 && address.startsWith("later") ? "451 later" : undefined,
    });
    for (const email of ["alice@example.com", "nobody@example.com", "later@example.com"]) await register(email);
    await until(async () => (await foyer.rows("mails")).filter(({ reply, done_at }) => reply || done_at).length === 3);
    const { text } = await foyer.http.get("/metrics");
    for (const line of ['{event="queued"} 3', '{event="sent"} 1', '{event="retried"} 1', '{event="given_up"} 1']) {
      expect(text).to.include(`foyer_mails_total${line}`);
    }
    expect(text).to.include("foyer_mails_waiting 1\n");
  });
});

describe("the mailbox", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  it("is linked from where one arrives, and shows a mail as text and as HTML that can do nothing", async () => {
    expect((await foyer.http.get("/mailbox")).text).to.include("There is none yet");
    await foyer.http.post("/register").type("form").send({ email: "alice@example.com", password: "secret123" });
    for (const path of ["/welcome", "/verify"]) expect((await foyer.http.get(path)).text).to.include('href="/mailbox"');
    while (!(await foyer.http.get("/mailbox")).text.includes("alice@example.com")) await setTimeout(20);
    expect((await foyer.http.get("/mailbox/1")).text).to.match(/<a href="http:\/\/localhost:3000\/verify\?token/);
    const html = await foyer.http.get("/mailbox/1/html");
    expect(html.headers["content-security-policy"]).to.match(/^default-src 'none'; style-src 'unsafe-inline'; sandbox/);
    for (const path of ["/mailbox/2", "/mailbox/x", "/mailbox/1/text", "/mailbox/%00"])
      expect((await foyer.http.get(path)).status).to.equal(404);
  });

  it("is shown to this machine alone: not through a proxy, nor by another name", async () => {
    for (const [name, value] of [
      ["X-Forwarded-For", "192.0.2.1"],
      ["Forwarded", "for=192.0.2.1"],
      ["Via", "1.1 proxy"],
      ["Host", "evil.example.com"],
      ["Host", "localhost.evil.example.com"],
    ] as const) {
      for (const path of ["/mailbox", "/mailbox/1", "/mailbox/1/html"]) {
        expect([name, (await foyer.http.get(path).set(name, value)).status]).to.deep.equal([name, 404]);
      }
    }
  });
});
