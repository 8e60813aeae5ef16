import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { cookieOf, newAccount, newSignedIn, signIn } from "../support/account.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { NO_LIMIT } from "../support/limits.ts";
import { newAddress } from "../support/sign-up.ts";

const WRONG = "wrong horse battery";

describe("a hundred failed sign-ins in a row", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ trustProxy: "loopback" });
  });
  after(() => foyer.stop());

  let networks = 0;
  /** From a network of its own. */
  const attempt = (email: string, password: string, cookie = "", from = foyer) => {
    networks += 1;
    return from.http
      .post("/sign-in")
      .set({ "X-Forwarded-For": `198.51.${networks >> 8}.${networks & 255}`, Cookie: cookie })
      .send({ email, password });
  };
  async function fail(email: string, times: number, cookie = "") {
    for (let n = 0; n < times; n += 1) expectProblem(await attempt(email, WRONG, cookie), 401, "invalid_credentials");
  }

  it("disable the password for browsers that never signed in, and no answer tells", async () => {
    const { email } = await newAccount(foyer);
    await fail(email, 100);
    const right = await attempt(email, PASSWORD);
    const wrong = await attempt(email, WRONG);
    expectProblem(right, 401, "invalid_credentials");
    expect(right.body).to.deep.equal(wrong.body);
    for (const answer of [right, wrong]) for (const name of ["date", "x-request-id"]) delete answer.headers[name];
    expect(right.headers).to.deep.equal(wrong.headers);
  });

  it("do not keep out a browser that signed in before, nor a session that gives the password again", async () => {
    const { email, cookie, known } = await newSignedIn(foyer);
    await fail(email, 101);
    expect((await attempt(email, PASSWORD, known)).status).to.equal(200);
    const again = await foyer.http
      .post("/account/reauthenticate")
      .set({ Cookie: cookie, Origin: foyer.url })
      .send({ password: PASSWORD });
    expect(again.status).to.equal(200);
    // That somebody is known there gives strangers no further guesses.
    expect((await attempt(email, PASSWORD)).status).to.equal(401);
  });

  it("are in a row: a right password begins anew", async () => {
    const { email } = await newAccount(foyer);
    await fail(email, 99);
    expect((await attempt(email, PASSWORD)).status).to.equal(200);
    await fail(email, 99);
    expect((await attempt(email, PASSWORD)).status).to.equal(200);
  });

  it("count however the address is spelled, and however many come at once", async () => {
    const { email } = await newAccount(foyer, "Spelled.Once@example.com");
    const spellings = [email, email.toLowerCase(), email.toUpperCase(), "ｓpelled.once@example.com"];
    const failed = await Promise.all(Array.from({ length: 100 }, (_, n) => attempt(spellings[n % 4] ?? "", WRONG)));
    expect(new Set(failed.map(({ status }) => status))).to.deep.equal(new Set([401]));
    expect((await attempt(email, PASSWORD)).status).to.equal(401);
  });

  it("are not undone by those who hang up before their password is compared", async () => {
    const { email } = await newAccount(foyer);
    const hangUp = async () => {
      const { hostname, port } = new URL(foyer.url);
      const body = JSON.stringify({ email, password: WRONG });
      const socket = connect(Number(port), hostname);
      const head = `Host: ${hostname}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
      socket.write(`POST /sign-in HTTP/1.1\r\n${head}\r\n\r\n${body}`);
      await setTimeout(5);
      socket.destroy();
    };
    await fail(email, 101);
    await Promise.all(Array.from({ length: 60 }, hangUp));
    await setTimeout(500);
    expect((await attempt(email, PASSWORD)).status).to.equal(401);
  });

  it("are of one address alone", async () => {
    const [one, another] = [await newAccount(foyer), await newAccount(foyer)];
    await fail(one.email, 101);
    expect((await attempt(another.email, PASSWORD)).status).to.equal(200);
  });

  it("are forgotten with the address where it has no account, and kept where it has one", async () => {
    const { email } = await newAccount(foyer);
    await fail(email, 100);
    await fail(newAddress(), 1);
    await foyer.travel("31 days");
    await foyer.purge();
    expect((await foyer.rows("sign_in_failures")).every(({ user_id }) => user_id !== null)).to.equal(true);
    expect((await attempt(email, PASSWORD)).status).to.equal(401);
  });

  it("are forgotten also where hundreds that stay failed in the same thousandth of a second", async () => {
    const { id } = await newAccount(foyer);
    const failed = "insert into sign_in_failures (key, user_id, failures, failed_at) select";
    const at =
      "date_trunc('second', now()) - interval '40 days' + interval '1 microsecond' * n from generate_series(1, 600) n";
    await foyer.sql(`${failed} 'kept ' || n, ?::bigint, 1, ${at}`, id);
    await foyer.sql(`${failed} 'strange ' || n, null, 1, ${at}`);
    await foyer.purge();
    const keys = (await foyer.rows("sign_in_failures")).map(({ key }) => String(key));
    expect(keys.filter((key) => key.startsWith("kept"))).to.have.length(600);
    expect(keys.filter((key) => key.startsWith("strange"))).to.have.length(0);
  });

  it("of a known browser make it a stranger after twenty", async () => {
    const { email, known } = await newSignedIn(foyer);
    await fail(email, 20, known);
    await fail(email, 100);
    expect((await attempt(email, PASSWORD, known)).status).to.equal(401);
  });

  it("of a known browser are forgotten once somebody signs in with it", async () => {
    const { email, known } = await newSignedIn(foyer);
    await fail(email, 25, known);
    expect((await attempt(email, PASSWORD, known)).status).to.equal(200);
    await fail(email, 101);
    expect((await attempt(email, PASSWORD, known)).status).to.equal(200);
  });

  it("know a browser by what it was given for that address, and by nothing that it made up", async () => {
    const [one, another] = [await newSignedIn(foyer), await newSignedIn(foyer)];
    await fail(one.email, 101);
    const [id = "", mac = ""] = one.known.replace("foyer-known=", "").split(".");
    for (const cookie of [
      another.known,
      `foyer-known=${"x".repeat(22)}.${"x".repeat(43)}`,
      `foyer-known=${"x".repeat(22)}.${mac}`,
      `foyer-known=${id}`,
    ]) {
      expect((await attempt(one.email, PASSWORD, cookie)).status, cookie).to.equal(401);
    }
    expect((await attempt(one.email, PASSWORD, `foyer-known=x~${id}.${mac}`)).status).to.equal(200);
  });

  it("keep no one of several people of a browser out, who signed in there one after another", async () => {
    const first = await newSignedIn(foyer);
    const { email } = await newAccount(foyer);
    const second = await attempt(email, PASSWORD, first.known);
    const known = cookieOf(second, "foyer-known");
    await fail(first.email, 101);
    await fail(email, 101);
    expect((await attempt(first.email, PASSWORD, known)).status).to.equal(200);
    expect((await attempt(email, PASSWORD, known)).status).to.equal(200);
  });
});

describe("RATE_LIMIT_SIGN_IN", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({
      trustProxy: "loopback",
      rateLimits: { ...NO_LIMIT, signIn: { count: 5, seconds: 600 }, perEmail: { count: 12, seconds: 600 } },
    });
  });
  after(() => foyer.stop());

  const attempt = (ip: string, email: string, password: string, cookie = "") =>
    foyer.http.post("/sign-in").set({ "X-Forwarded-For": ip, Cookie: cookie }).send({ email, password });

  it("refuses a network that failed too often with 429, at any address, and no other network", async () => {
    const { email } = await newAccount(foyer);
    for (let n = 0; n < 5; n += 1) await attempt("192.0.2.1", newAddress(), WRONG);
    const refused = await attempt("192.0.2.1", email, PASSWORD);
    expectProblem(refused, 429, "rate_limited");
    expect(refused.headers["ratelimit-policy"]).to.equal('"sign_in";q=5;w=600');
    expect((await attempt("192.0.2.2", email, PASSWORD)).status).to.equal(200);
  });

  it("counts no sign-in that succeeds", async () => {
    const { email } = await newAccount(foyer);
    for (let n = 0; n < 10; n += 1) expect((await attempt("192.0.2.3", email, PASSWORD)).status).to.equal(200);
  });

  it("keeps a known browser out of no network, whoever failed there", async () => {
    const { email, known } = await signIn(foyer, (await newAccount(foyer)).email);
    for (let n = 0; n < 6; n += 1) await attempt("192.0.2.4", email, WRONG);
    expect((await attempt("192.0.2.4", email, PASSWORD)).status).to.equal(429);
    expect((await attempt("192.0.2.4", email, PASSWORD, known)).status).to.equal(200);
  });

  it("is beside RATE_LIMIT_PER_EMAIL, by which no account takes more hashes than its share", async () => {
    const { email, known } = await signIn(foyer, (await newAccount(foyer)).email);
    const statuses = [];
    for (let n = 0; n < 13; n += 1) statuses.push((await attempt("192.0.2.5", email, PASSWORD, known)).status);
    expect(statuses.indexOf(429)).to.equal(12);
    // It may make any number of browsers known.
    const { known: another } = await signIn(foyer, email);
    expect((await attempt("192.0.2.5", email, PASSWORD, another)).status).to.equal(429);
  });

  it("keeps no known browser out for what another failed that was known before, such as a shared computer", async () => {
    const { email, known: shared } = await signIn(foyer, (await newAccount(foyer)).email);
    const { known: own } = await signIn(foyer, email);
    for (let n = 0; n < 12; n += 1) await attempt("192.0.2.6", email, WRONG, shared);
    expect((await attempt("192.0.2.6", email, WRONG, shared)).status).to.equal(429);
    expect((await attempt("192.0.2.7", email, PASSWORD, own)).status).to.equal(200);
  });

  it("counts no sign-in that the database had fail", async () => {
    const { email } = await newAccount(foyer);
    await foyer.sql("alter table sign_in_failures rename to away");
    for (let n = 0; n < 6; n += 1) expect((await attempt("192.0.2.8", email, PASSWORD)).status).to.equal(500);
    await foyer.sql("alter table away rename to sign_in_failures");
    expect((await attempt("192.0.2.8", email, PASSWORD)).status).to.equal(200);
  });
});
