import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { allSent, mailboxOf, mailsTo } from "../support/mailbox.ts";

const PASSWORD = "secret123";
const PAIRS = 200;
/** How many standard deviations the ranks may be off: by chance once in about 15,000 runs. */
const CLEAR = 4;

/** Wilcoxon's signed-rank test of differences: how many standard deviations their ranks are from being without direction. */
function signedRank(differences: number[]) {
  const ranked = differences.filter((d) => d !== 0).toSorted((a, b) => Math.abs(a) - Math.abs(b));
  const n = ranked.length;
  const sum = ranked.reduce((total, d, index) => total + Math.sign(d) * (index + 1), 0);
  return sum / Math.sqrt((n * (n + 1) * (2 * n + 1)) / 6);
}

function median(numbers: number[]) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

describe("in discreet mode", () => {
  let foyer: TestFoyer;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  before(async () => {
    foyer = await startFoyer({ privacy: "discreet" });
    await foyer.sql(
      `insert into users (email, email_key, hashed_password, email_verified_at)
       select 'old' || n || '@example.com', 'old' || n || '@example.com', 'x', now() from generate_series(1000, 1999) n`,
    );
  });
  after(async () => {
    agent.destroy();
    await foyer.stop();
  });

  let used = 1000;
  /** Two addresses that look alike, of which one has an account. */
  function twoAddresses() {
    used += 1;
    return { registered: `old${used}@example.com`, fresh: `new${used}@example.com` };
  }

  async function send(path: string, type: string, body: string) {
    const sent = request(`${foyer.url}${path}`, { method: "POST", agent, headers: { "Content-Type": type } }).end(body);
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    return { status: answer.statusCode, headers: answer.rawHeaders, body: await text(answer) };
  }

  const DOORS = {
    json: (email: string) => send("/register", "application/json", JSON.stringify({ email, password: PASSWORD })),
    form: (email: string) => send("/register", "application/x-www-form-urlencoded", `email=${email}&password=${PASSWORD}`),
    trpc: (email: string) => send("/trpc/auth.register", "application/json", JSON.stringify({ email, password: PASSWORD })),
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

  for (const [door, ask] of Object.entries(DOORS)) {
    it(`the answers to a registered and to a new address are the same, byte for byte: ${door}`, async () => {
      const { registered, fresh } = twoAddresses();
      const answers = [await ask(registered), await ask(fresh)];
      expect(answers.map(({ status }) => status)).to.deep.equal(
        Array(2).fill({ json: 201, form: 303, trpc: 200, resend: 202, "resend form": 303 }[door]),
      );
      expect(bytes(answers[0] ?? {})).to.equal(bytes(answers[1] ?? {}));
    });
  }

  for (const door of ["json", "resend"] as const) {
    it(`the answers to a registered and to a new address take the same time: ${door}`, async function () {
      this.timeout(60_000);
      await DOORS[door](twoAddresses().fresh);
      const times = { registered: [] as number[], fresh: [] as number[] };
      for (let pair = 0; pair < PAIRS; pair += 1) {
        const addresses = twoAddresses();
        for (const which of pair % 2 ? (["fresh", "registered"] as const) : (["registered", "fresh"] as const)) {
          const started = performance.now();
          await DOORS[door](addresses[which]);
          times[which].push(performance.now() - started);
        }
      }
      const z = signedRank(times.fresh.map((time, n) => time - (times.registered[n] ?? 0)));
      const [registered, fresh] = [median(times.registered), median(times.fresh)].map((ms) => ms.toFixed(2));
      process.stdout.write(`        ${door}: ${PAIRS} pairs, median ${registered} ms registered, ${fresh} ms new, z = ${z.toFixed(2)}\n`);
      expect(Math.abs(z)).to.be.below(CLEAR);
    });
  }

  it("both are hashed, and only the mailbox tells", async () => {
    const { registered, fresh } = twoAddresses();
    const hashes = async () => (await foyer.rows("sign_ups")).filter(({ hashed_password }) => hashed_password).length;
    const before = await hashes();
    const answers = [await DOORS.json(registered), await DOORS.json(fresh)];
    expect(await hashes()).to.equal(before + 2);
    const [told] = await mailsTo(foyer, registered);
    expect([told.subject, told.token]).to.deep.equal(["You already have an account", ""]);
    const [asked] = await mailsTo(foyer, fresh);
    expect(asked.subject).to.equal("Confirm your email address");
    const verified = await foyer.http.post("/verify").send({ token: asked.token });
    expect([verified.status, verified.body]).to.deep.equal([200, JSON.parse(answers[1]?.body ?? "")]);
    const [user] = (await foyer.users()).filter(({ email }) => email === fresh);
    expect([user?.id, Boolean(user?.email_verified_at)]).to.deep.equal([verified.body.id, true]);
  });

  it("an account exists when its address is verified, and not before", async () => {
    const { fresh } = twoAddresses();
    await DOORS.json(fresh);
    await DOORS.json(fresh);
    expect((await foyer.users()).some(({ email }) => email === fresh)).to.equal(false);
    const [letter, other] = await mailsTo(foyer, fresh, 2);
    const statuses: number[] = [];
    for (const token of [letter.token, other?.token]) statuses.push((await foyer.http.post("/verify").send({ token })).status);
    expect(statuses).to.deep.equal([200, 410]);
    expect((await foyer.users()).filter(({ email }) => email === fresh)).to.have.length(1);
  });

  it("who ask at the same moment get the same answers too, whether the address is registered or not", async () => {
    const { registered, fresh } = twoAddresses();
    for (const email of [registered, fresh]) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => foyer.http.post("/register").send({ email, password: PASSWORD })));
      expect(answers.map(({ status }) => status)).to.deep.equal(Array(10).fill(201));
      expect(new Set(answers.map(({ body }) => body.id)).size).to.equal(10);
    }
    await allSent(foyer);
    expect(await mailboxOf(foyer, fresh)).to.have.length(10);
  });

  it("what is counted is not public", async () => {
    expect((await foyer.http.get("/metrics")).status).to.equal(404);
  });

  it("a mailbox is not flooded, and its limit does not tell either", async () => {
    const many = { count: 1000, seconds: 600 };
    const limited = await startFoyer({
      privacy: "discreet",
      rateLimits: { perAddress: many, perEmail: many, perMailbox: { count: 2, seconds: 600 }, total: many },
    });
    await limited.sql(
      "insert into users (email, email_key, hashed_password, email_verified_at) values ('old@example.com', 'old@example.com', 'x', now())",
    );
    const outcomes: Record<string, unknown[]> = {};
    for (const email of ["old@example.com", "new@example.com"]) {
      const answers = [];
      for (let n = 0; n < 3; n += 1) answers.push(await limited.http.post("/register").send({ email, password: PASSWORD }));
      for (let n = 0; n < 2; n += 1) answers.push(await limited.http.post("/verify/resend").send({ email }));
      outcomes[email] = answers.map(({ status, headers }) => [status, headers["ratelimit-policy"]]);
    }
    // Two for all, then the one of this network.
    const expected = [201, 201, 201].map((status) => [status, undefined]);
    expect(outcomes["old@example.com"]).to.deep.equal([...expected, ...Array(2).fill([429, '"mailbox";q=1;w=600'])]);
    expect(outcomes["new@example.com"]).to.deep.equal(outcomes["old@example.com"]);
    await allSent(limited);
    for (const email of ["old@example.com", "new@example.com"]) expect(await mailboxOf(limited, email)).to.have.length(3);
    await limited.stop();
  });
});
