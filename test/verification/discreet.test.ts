import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { postgresUrl } from "../support/database.ts";
import { startDiscreetFoyer } from "../support/discreet.ts";
import { allSent, emailsTo, readMailbox } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { accountOf } from "../support/sign-up.ts";
import { startSlowSmtp } from "../support/slow-smtp.ts";

describe("registering and verifying in discreet mode", () => {
  let foyer: TestFoyer;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let twoAddresses: () => { registered: string; fresh: string };
  before(async () => {
    ({ foyer, twoAddresses } = await startDiscreetFoyer());
  });
  after(async () => {
    agent.destroy();
    await foyer.stop();
  });

  async function send(path: string, type: string, body: string) {
    const sent = request(`${foyer.url}${path}`, { method: "POST", agent, headers: { "Content-Type": type } }).end(body);
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    return { status: answer.statusCode, headers: answer.rawHeaders, body: await text(answer) };
  }

  const REQUESTS = {
    json: (email: string) => send("/register", "application/json", JSON.stringify({ email, password: PASSWORD })),
    form: (email: string) =>
      send("/register", "application/x-www-form-urlencoded", `email=${email}&password=${PASSWORD}`),
    trpc: (email: string) =>
      send("/trpc/auth.register", "application/json", JSON.stringify({ email, password: PASSWORD })),
    resend: (email: string) => send("/verify/resend", "application/json", JSON.stringify({ email })),
    "resend form": (email: string) => send("/verify/resend", "application/x-www-form-urlencoded", `email=${email}`),
  };

  /** Without what differs from one answer to the next whoever asks. */
  function bytes(answer: object) {
    return JSON.stringify(answer)
      .replaceAll(/(?<="(?:Date|X-Request-Id|ETag)",)"(?:[^"\\]|\\.)*"/g, '"*"')
      .replace(/(?<=foyer-browser=)[\w-]{43}/, "*")
      .replace(/(?<=Expires=)[^;]+/, "*")
      .replace(/(?<=\\"id\\":)\d+/, "*")
      .replaceAll(/(?:old|new)(?=\d+@)/g, "any");
  }

  for (const [how, ask] of Object.entries(REQUESTS)) {
    it(`answers a registered and a new address the same, byte for byte: ${how}`, async () => {
      const { registered, fresh } = twoAddresses();
      const answers = [await ask(registered), await ask(fresh)];
      expect(answers.map(({ status }) => status)).to.deep.equal(
        Array(2).fill({ json: 201, form: 303, trpc: 200, resend: 202, "resend form": 303 }[how]),
      );
      expect(bytes(answers[0] ?? {})).to.equal(bytes(answers[1] ?? {}));
    });
  }

  it("register hashes the password of both", async () => {
    // A worker would drop the hash that nothing comes of.
    const silent = await startFoyer({ privacy: "discreet", mail: { kind: "none" } });
    await silent.sql(
      "insert into users (email, email_key, hashed_password, email_verified_at) values ('old@example.com', 'old@example.com', 'x', now())",
    );
    for (const email of ["old@example.com", "new@example.com"]) await silent.register(email);
    const hashes = (await silent.rows("sign_ups")).map(({ hashed_password }) => hashed_password);
    expect(hashes).to.have.length(2);
    expect(hashes).not.to.include(null);
    await silent.stop();
  });

  it("register tells the mailbox alone that an address is registered", async () => {
    const { registered } = twoAddresses();
    await REQUESTS.json(registered);
    const [told] = await emailsTo(foyer, registered);
    expect(told).to.include({ subject: "You already have an account", token: "" });
  });

  it("verifyEmail answers 200 with the account that register announced", async () => {
    const { fresh } = twoAddresses();
    const announced = await REQUESTS.json(fresh);
    const [asked] = await emailsTo(foyer, fresh);
    expect(asked.subject).to.equal("Verify your email address");
    const verified = await foyer.verify(asked.token);
    expect(verified.status).to.equal(200);
    expect(verified.body).to.deep.equal(JSON.parse(announced.body));
    const account = await accountOf(foyer, fresh);
    expect(account.id).to.equal(verified.body.id);
    expect(account.email_verified_at).to.be.instanceOf(Date);
  });

  it("an account is made when its address is verified, and not before", async () => {
    const { fresh } = twoAddresses();
    const accounts = async () => (await foyer.users()).filter(({ email }) => email === fresh);
    for (let n = 0; n < 2; n += 1) await REQUESTS.json(fresh);
    expect(await accounts()).to.deep.equal([]);
    const [latest, first] = await emailsTo(foyer, fresh, 2);
    expect((await foyer.verify(latest.token)).status).to.equal(200);
    expectProblem(await foyer.verify(first?.token ?? ""), 410, "token_used");
    expect(await accounts()).to.have.length(1);
  });

  it("register answers 201 to each of ten at the same moment, whether the address is registered or not", async () => {
    const { registered, fresh } = twoAddresses();
    for (const email of [registered, fresh]) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => foyer.register(email)));
      expect(answers.map(({ status }) => status)).to.deep.equal(Array(10).fill(201));
      expect(new Set(answers.map(({ body }) => body.id)).size).to.equal(10);
    }
    await allSent(foyer);
    expect(await readMailbox(foyer, fresh)).to.have.length(10);
  });

  it("GET /metrics answers 404", async () => {
    expect((await foyer.http.get("/metrics")).status).to.equal(404);
  });

  it("each limit counts alike, whatever became of an address and whatever others did there", async () => {
    const [few, many] = [
      { count: 6, seconds: 600 },
      { count: 1000, seconds: 600 },
    ];
    const limited = await startFoyer({
      privacy: "discreet",
      trustProxy: "loopback",
      rateLimits: {
        perIp: many,
        perEmail: few,
        perMailbox: { count: 2, seconds: 3600 },
        perDomain: many,
        total: many,
        signIn: many,
      },
    });
    const register = (email: string, ip: string) =>
      limited.http.post("/register").set("X-Forwarded-For", ip).send({ email, password: PASSWORD });
    const verified = async (email: string) => {
      await register(email, "198.51.100.1");
      const [{ token }] = await emailsTo(limited, email);
      expect((await limited.verify(token)).status).to.equal(200);
    };
    const addresses = ["never@example.com", "pending@example.com", "since@example.com", "registered@example.com"];
    await verified("registered@example.com");
    for (const ip of ["198.51.100.2", "198.51.100.3", "198.51.100.4"]) await register("pending@example.com", ip);
    const outcomes: Record<string, unknown[]> = {};
    for (const email of addresses) {
      const answers = [await register(email, "192.0.2.1")];
      if (email.startsWith("since")) await verified(email);
      const resend = (ip: string) => limited.http.post("/verify/resend").set("X-Forwarded-For", ip).send({ email });
      for (let n = 0; n < 8; n += 1) answers.push(await resend("192.0.2.1"), await register(email, "192.0.2.2"));
      const [browser] = String(answers[0]?.headers["set-cookie"]).split(";");
      for (let n = 0; n < 6; n += 1)
        answers.push(
          await limited.http
            .post("/verify")
            .set("Cookie", browser ?? "")
            .send({ code: "0000 0000" }),
        );
      outcomes[email] = answers.map(({ status, body, headers }) => [
        status,
        body.code,
        body.triesLeft,
        headers["ratelimit-policy"],
      ]);
    }
    const [never, ...others] = Object.values(outcomes);
    for (const [n, other] of others.entries()) expect(other, addresses[n + 1]).to.deep.equal(never);
    expect(never?.map((answer) => (answer as unknown[])[0])).to.include(429);
    await limited.stop();
  });

  it("a code is refused alike after a week, whether others asked for an email at its address or not", async () => {
    const [alone, shared] = [twoAddresses().fresh, twoAddresses().fresh];
    const browsers = new Map<string, string>();
    for (const email of [alone, shared]) {
      const answer = await foyer.register(email);
      browsers.set(email, String(answer.headers["set-cookie"]).split(";")[0] ?? "");
    }
    await allSent(foyer);
    await foyer.travel("7 days");
    await foyer.register(shared);
    await allSent(foyer);
    await foyer.purge();
    const left = async (email: string) =>
      (
        await foyer.http
          .post("/verify")
          .set("Cookie", browsers.get(email) ?? "")
          .send({ code: "0000 0000" })
      ).body;
    expect(await left(shared)).to.deep.equal(await left(alone));
  });

  it("register answers alike while an app has the account's row locked", async function () {
    // On the embedded database one waits for the other.
    if (!postgresUrl) return this.skip();
    const { registered, fresh } = twoAddresses();
    const locking = await foyer.self().foyer.database.db.transaction();
    await locking.raw("select 1 from public.users where email = ? for update", [registered]);
    const answers = await Promise.all([REQUESTS.json(registered), REQUESTS.json(fresh)]);
    await locking.rollback();
    expect(answers.map(({ status }) => status)).to.deep.equal([201, 201]);
    await allSent(foyer);
    const [told] = await emailsTo(foyer, registered);
    expect(told.subject).to.equal("You already have an account");
  });

  it("an email that has nothing to say keeps others of its network waiting as long as one that has", async () => {
    const smtp = await startSlowSmtp((step) => (step === "text" ? 400 : 0));
    const from = { name: "Example", address: "accounts@example.com" };
    const slow = await startFoyer({ privacy: "discreet", mail: { kind: "smtp", url: smtp.url(), from } });
    await slow.sql(
      "insert into users (email, email_key, hashed_password, email_verified_at) values ('old@example.com', 'old@example.com', 'x', now())",
    );
    await slow.register("first@example.com");
    await allSent(slow);
    for (const email of ["old@example.com", "new@example.com"]) await slow.resend(email);
    await allSent(slow);
    const { rows } = await slow.sql(
      "select outcome, extract(epoch from finished_at - admitted_at)::float as seconds from emails order by id",
    );
    expect(rows.map(({ outcome }) => outcome)).to.deep.equal(["sent", "sent", "dropped"]);
    for (const { seconds } of rows) expect(seconds).to.be.above(0.35);
    await slow.stop();
    await smtp.close();
  });

  it("emails beyond the limit of a mailbox wait alike whether the address is registered or not", async () => {
    const many = { count: 1000, seconds: 600 };
    const limited = await startFoyer({
      privacy: "discreet",
      rateLimits: {
        perIp: many,
        perEmail: many,
        perMailbox: { count: 2, seconds: 600 },
        perDomain: many,
        total: many,
        signIn: many,
      },
    });
    await limited.sql(
      "insert into users (email, email_key, hashed_password, email_verified_at) values ('old@example.com', 'old@example.com', 'x', now())",
    );
    const addresses = ["old@example.com", "new@example.com"];
    for (const email of addresses) {
      const answers = [];
      for (let n = 0; n < 3; n += 1) answers.push(await limited.register(email));
      expect(answers.map(({ status }) => status)).to.deep.equal([201, 201, 201]);
    }
    const held = async () => (await limited.rows("emails")).filter(({ is_held }) => is_held);
    while ((await held()).length < 2) await setTimeout(20);
    for (const email of addresses) {
      await emailsTo(limited, email, 2);
      expect(await readMailbox(limited, email)).to.have.length(2);
    }
    await limited.travel("10 minutes");
    for (const email of addresses) await emailsTo(limited, email, 3);
    await limited.stop();
  });
});
