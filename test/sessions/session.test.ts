import { expect } from "chai";
import { createFoyerClient, sessionCookieOf } from "../../src/client.ts";
import { newAccount, newSignedIn, whoIs } from "../support/account.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";

const NOBODY = { account: null, session: null };
const APP = "https://app.example.com";

describe("auth.session and GET /session/check", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ corsOrigins: [APP] });
  });
  after(() => foyer.stop());

  const get = (headers: Record<string, string>, path = "/session") => foyer.http.get(path).set(headers);

  async function newBearer() {
    const { email } = await newAccount(foyer);
    const { body } = await foyer.http.post("/sign-in").send({ email, password: PASSWORD, as: "bearer" });
    return { email, token: String(body.token) };
  }

  it("tell who is signed in, with the session's times and a handle that opens nothing", async () => {
    const { id, email, cookie } = await newSignedIn(foyer);
    const { status, body, headers } = await get({ Cookie: cookie });
    expect(status).to.equal(200);
    expect(body.account).to.deep.equal({ id, email, verified: true });
    expect(body.session).to.have.all.keys("handle", "createdAt", "authenticatedAt", "expiresAt");
    expect(body.session.handle).to.match(/^[\w-]{16}$/);
    expect(cookie).not.to.include(body.session.handle);
    expect(await whoIs(foyer, `foyer-session=${body.session.handle}`)).to.equal(undefined);
    expect(headers["cache-control"]).to.equal("no-store");
  });

  it("set no cookie, whatever transport asks, and whatever it brings", async () => {
    const { cookie, known } = await newSignedIn(foyer);
    for (const path of [
      "/session",
      "/session/check",
      "/trpc/auth.session",
      "/trpc/auth.session?batch=1&input=%7B%7D",
      "/sessions",
      "/account",
    ]) {
      for (const sent of [cookie, `${cookie}; ${known}`, "foyer-session=x", ""]) {
        expect((await get({ Cookie: sent }, path)).headers, `${path} ${sent}`).not.to.have.property("set-cookie");
      }
    }
  });

  it("answer nobody to no session, and to anything that is none", async () => {
    const { cookie } = await newSignedIn(foyer);
    const last = cookie.at(-1) === "0" ? "1" : "0";
    const { token } = await newBearer();
    for (const sent of [
      {},
      { Cookie: "foyer-session=" },
      { Cookie: "foyer-session=x" },
      { Cookie: `${cookie.slice(0, -1)}${last}` },
      { Cookie: `foyer-session=${token}` },
      { Authorization: "Bearer x" },
      { Authorization: `Bearer ${cookie.replace("foyer-session=", "")}` },
      { Authorization: `Basic ${token}` },
    ] satisfies Record<string, string>[]) {
      const { status, body } = await get(sent);
      expect([status, body], JSON.stringify(sent)).to.deep.equal([200, NOBODY]);
      expect((await get(sent, "/session/check")).status).to.equal(401);
    }
  });

  it("refuse garbage without a look into the database", async () => {
    const { cookie } = await newSignedIn(foyer);
    let statements = 0;
    // The worker asks for its emails all the while.
    foyer.watchStatements((sql) => {
      if (!/emails|^(?:BEGIN|COMMIT|ROLLBACK)/.test(sql)) statements += 1;
    });
    for (const token of ["x", "foyer_c_x", `${cookie.slice(14, -1)}z`, "a".repeat(4000)]) {
      expect((await get({ Cookie: `foyer-session=${token}` })).body).to.deep.equal(NOBODY);
    }
    expect(statements).to.equal(0);
    await get({ Cookie: cookie });
    expect(statements).to.be.above(0);
  });

  it("share a look into the database with those who ask at the same time", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    const askAll = (path: string) =>
      Promise.all(
        Array.from({ length: 50 }, async () =>
          (await fetch(`${foyer.url}${path}`, { headers: { Cookie: cookie } })).text(),
        ),
      );
    // Opens the connections: what comes on new ones comes one after the other.
    await askAll("/healthz");
    let statements = 0;
    // The worker asks for its emails all the while.
    foyer.watchStatements((sql) => {
      if (!/emails|^(?:BEGIN|COMMIT|ROLLBACK)/.test(sql)) statements += 1;
    });
    for (const answer of await askAll("/session")) expect(answer).to.include(email);
    expect(statements).to.be.below(25);
  });

  it("answer 400 to a cookie and a bearer token at once", async () => {
    const { cookie } = await newSignedIn(foyer);
    const { token } = await newBearer();
    const answer = await get({ Cookie: cookie, Authorization: `Bearer ${token}` });
    expect([answer.status, answer.body.detail]).to.deep.equal([
      400,
      "Send the cookie of a session or an Authorization header, not both.",
    ]);
  });

  it("take the cookie from Foyer's own pages, from servers and from links, and from no page of another origin", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    const cases: [Record<string, string>, boolean][] = [
      [{}, true],
      [{ Origin: foyer.url }, true],
      [{ "Sec-Fetch-Site": "same-origin" }, true],
      [{ "Sec-Fetch-Site": "none" }, true],
      [{ "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" }, true],
      [{ "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe" }, false],
      [{ "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors" }, false],
      [{ "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image" }, false],
      [{ Origin: APP }, false],
      [{ Origin: "null" }, false],
    ];
    for (const [headers, counts] of cases) {
      const { body } = await get({ Cookie: cookie, ...headers });
      expect(body.account?.email, JSON.stringify(headers)).to.equal(counts ? email : undefined);
    }
  });

  it("take the cookie from no form of another origin, for which a proxy asks", async () => {
    const { cookie } = await newSignedIn(foyer);
    const check = (site: string, method: string) => {
      const opens = { "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" };
      return get({ Cookie: cookie, "X-Forwarded-Method": method, ...opens }, "/session/check");
    };
    for (const [site, method, status] of [
      ["same-site", "GET", 204],
      ["same-site", "POST", 401],
      ["cross-site", "POST", 401],
      ["same-origin", "POST", 204],
    ] as const) {
      expect((await check(site, method)).status, `${site} ${method}`).to.equal(status);
    }
  });

  it("take a bearer token from anywhere", async () => {
    const { email, token } = await newBearer();
    for (const headers of [{}, { Origin: APP }, { "Sec-Fetch-Site": "cross-site" }] as Record<string, string>[]) {
      const { body } = await get({ Authorization: `bearer ${token}`, ...headers });
      expect(body.account.email).to.equal(email);
    }
  });

  it("are read by a page of a named origin, with a token, and by no other", async () => {
    const { email, token } = await newBearer();
    const preflight = { Origin: APP, "Access-Control-Request-Method": "GET" };
    const asked = await foyer.http
      .options("/session")
      .set({ ...preflight, "Access-Control-Request-Headers": "authorization" });
    expect(asked.headers).to.include({
      "access-control-allow-origin": APP,
      "access-control-allow-headers": "authorization",
    });
    const read = (Origin: string) => get({ Origin, Authorization: `Bearer ${token}` });
    const answer = await read(APP);
    expect([answer.body.account.email, answer.headers["access-control-allow-origin"]]).to.deep.equal([email, APP]);
    expect((await read("https://evil.example")).headers).not.to.have.property("access-control-allow-origin");
  });

  it("answer the check with 204 and the account in headers, percent-encoded beyond ASCII", async () => {
    const { id, email, cookie } = await newSignedIn(foyer);
    const { status, headers, text } = await get({ Cookie: cookie }, "/session/check");
    expect([status, text]).to.deep.equal([204, ""]);
    expect(headers).to.include({
      "foyer-account-id": String(id),
      "foyer-account-email": email,
      "foyer-account-verified": "true",
    });
    await foyer.sql("update users set email = 'jörg+50%@example.com' where id = ?", id);
    const again = await get({ Cookie: cookie }, "/session/check");
    expect(again.headers["foyer-account-email"]).to.equal("j%C3%B6rg+50%25@example.com");
    expect(decodeURIComponent(again.headers["foyer-account-email"] ?? "")).to.equal("jörg+50%@example.com");
  });

  it("answer 401 without a body where nobody is signed in", async () => {
    const { status, headers, text } = await get({}, "/session/check");
    expect([status, text, headers["www-authenticate"]]).to.deep.equal([401, "", "Bearer"]);
  });

  it("answer by the typed client, for a server that forwards one cookie, and for a program with a token", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    const header = `theme=dark; ${cookie}; foyer-browser=x; __Host-foyer=y`;
    expect(sessionCookieOf(header)).to.equal(cookie);
    expect(sessionCookieOf(`a=b; __Host-foyer-session=t`)).to.equal("__Host-foyer-session=t");
    expect(sessionCookieOf("foyer-session=s; __Host-foyer-session=t")).to.equal(
      "foyer-session=s; __Host-foyer-session=t",
    );
    expect(sessionCookieOf("my-foyer-session=x")).to.equal("");
    expect(sessionCookieOf(undefined)).to.equal("");
    const forBrowser = createFoyerClient(foyer.url, { headers: { cookie: sessionCookieOf(header) } });
    const { account, session } = await forBrowser.auth.session.query();
    expect([account?.email, session?.handle.length]).to.deep.equal([email, 16]);
    expect(await createFoyerClient(foyer.url).auth.session.query()).to.deep.equal(NOBODY);
    const bearer = await newBearer();
    const forProgram = createFoyerClient(foyer.url, { token: bearer.token });
    expect((await forProgram.auth.session.query()).account?.email).to.equal(bearer.email);
  });

  it("are never too many for one network, whatever limit it is beyond", async () => {
    const strict = await startFoyer({ requestLimit: { count: 3, seconds: 60 } });
    for (let n = 0; n < 10; n += 1) {
      for (const path of ["/session", "/session/check", "/trpc/auth.session"])
        expect((await strict.http.get(path)).status).not.to.equal(429);
    }
    await strict.stop();
  });
});

describe("a session ends", () => {
  let foyer: TestFoyer;
  beforeEach(async () => {
    foyer = await startFoyer();
  });
  afterEach(() => foyer.stop());

  const cases: [kind: string, others: object, idle: string, end: string, steps: string[]][] = [
    ["of a browser", {}, "12 hours", "a day", ["8 hours", "8 hours", "7 hours"]],
    ["that is kept", { keep: true }, "14 days", "30 days", ["10 days", "10 days", "9 days"]],
  ];
  for (const [kind, others, idle, end, steps] of cases) {
    it(`${kind} after ${idle} without use`, async () => {
      const { email, cookie } = await newSignedIn(foyer, others);
      await foyer.travel(`${idle} -1 minute`);
      expect(await whoIs(foyer, cookie)).to.equal(email);
      await foyer.travel(idle);
      expect(await whoIs(foyer, cookie)).to.equal(undefined);
    });

    it(`${kind} ${end} after it began, however much it is used`, async () => {
      const { email, cookie } = await newSignedIn(foyer, others);
      for (const step of steps) {
        await foyer.travel(step);
        expect(await whoIs(foyer, cookie), step).to.equal(email);
        while ((await foyer.rows("sessions")).some(({ last_seen_at }) => Date.now() - Number(last_seen_at) > 300_000));
      }
      await foyer.travel("1 day");
      expect(await whoIs(foyer, cookie)).to.equal(undefined);
    });
  }

  it("and its row is deleted after its absolute end", async () => {
    await newSignedIn(foyer);
    await foyer.travel("23 hours");
    await foyer.purge();
    expect(await foyer.rows("sessions")).to.have.length(1);
    await foyer.travel("2 hours");
    await foyer.purge();
    expect(await foyer.rows("sessions")).to.have.length(0);
  });

  it("with its account, and when that is disabled", async () => {
    const { id, cookie } = await newSignedIn(foyer);
    await foyer.sql("update users set disabled_at = now() where id = ?", id);
    expect(await whoIs(foyer, cookie)).to.equal(undefined);
    await foyer.sql("delete from users where id = ?", id);
    expect(await foyer.rows("sessions")).to.have.length(0);
  });

  it("and its last use is written at most every five minutes", async () => {
    const { cookie } = await newSignedIn(foyer);
    const updates: string[] = [];
    foyer.watchStatements((sql) => {
      if (/last_seen_at = now/.test(sql)) updates.push(sql);
    });
    for (let n = 0; n < 3; n += 1) await whoIs(foyer, cookie);
    expect(updates).to.have.length(0);
    await foyer.travel("6 minutes");
    await Promise.all(Array.from({ length: 20 }, () => whoIs(foyer, cookie)));
    expect(updates.length).to.be.within(1, 2);
  });
});
