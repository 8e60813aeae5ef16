import { expect } from "chai";
import { cookieOf, newAccount, newSignedIn, type SignedIn, signIn, whoIs } from "../support/account.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";

describe("auth.signOut, auth.sessions and auth.endSession", () => {
  let foyer: TestFoyer;
  let other: Awaited<ReturnType<TestFoyer["another"]>>;
  before(async () => {
    foyer = await startFoyer();
    // The embedded database has one process.
    // It sends no emails, for each instance shows only its own.
    other = process.env["DATABASE_URL"] ? await foyer.another({ mail: { kind: "none" } }) : foyer.self();
  });
  after(async () => {
    if (process.env["DATABASE_URL"]) await other.stop();
    await foyer.stop();
  });

  const post = (path: string, cookie: string, body: object = {}) =>
    foyer.http.post(path).set("Cookie", cookie).set("Origin", foyer.url).send(body);
  const list = async ({ cookie }: SignedIn) => (await foyer.http.get("/sessions").set("Cookie", cookie)).body;

  it("sign out this browser alone, at all instances, and have it forget what it saw", async () => {
    const first = await newSignedIn(foyer);
    const second = await signIn(foyer, first.email);
    const answer = await post("/sign-out", first.cookie);
    expect([answer.status, answer.text]).to.deep.equal([204, ""]);
    expect(String(answer.headers["set-cookie"])).to.match(/^foyer-session=; Max-Age=0; Path=\/;/);
    expect(answer.headers["clear-site-data"]).to.equal('"cache"');
    expect(await whoIs(other, first.cookie)).to.equal(undefined);
    expect(await whoIs(other, second.cookie)).to.equal(first.email);
  });

  it("sign out where there is no session any more, which is no error", async () => {
    const { cookie } = await newSignedIn(foyer);
    for (const scope of ["this", "others", "all"]) {
      await post("/sign-out", cookie);
      expect((await post("/sign-out", cookie, { scope })).status, scope).to.equal(204);
      expect((await foyer.http.post("/sign-out").send({ scope })).status).to.equal(204);
    }
  });

  it("are Foyer's own pages' to ask for: another origin's end nothing with the browser's cookie", async () => {
    const named = await startFoyer({ corsOrigins: ["https://app.example.com"] });
    const { email, cookie } = await newSignedIn(named);
    const from = (headers: Record<string, string>) =>
      named.http
        .post("/sign-out")
        .set({ Cookie: cookie, ...headers })
        .send({ scope: "all" });
    const answer = await from({ Origin: "https://app.example.com" });
    expect([answer.status, answer.headers["set-cookie"]]).to.deep.equal([204, undefined]);
    expectProblem(await from({ Origin: "https://evil.example" }), 403, "forbidden");
    expectProblem(await from({ "Sec-Fetch-Site": "same-site" }), 403, "forbidden");
    // An old browser says nothing of where a request comes from.
    expectProblem(await from({}), 403, "forbidden");
    expect(await whoIs(named, cookie)).to.equal(email);
    await named.stop();
  });

  it("are a program's to ask for with its token, from wherever", async () => {
    const { email } = await newAccount(foyer);
    const { body } = await foyer.http.post("/sign-in").send({ email, password: PASSWORD, as: "bearer" });
    const authorization = { Authorization: `Bearer ${body.token}` };
    const answer = await foyer.http
      .post("/sign-out")
      .set({ ...authorization, Origin: "capacitor://localhost" })
      .send({});
    expect([answer.status, answer.headers["set-cookie"]]).to.deep.equal([204, undefined]);
    expect((await other.http.get("/session").set(authorization)).body.account).to.equal(null);
  });

  it("sign out everywhere else, and everywhere, at all instances at the next request", async () => {
    const own = await newSignedIn(foyer);
    const others = [await signIn(foyer, own.email), await signIn(foyer, own.email, { keep: true })];
    const { body } = await foyer.http.post("/sign-in").send({ email: own.email, password: PASSWORD, as: "bearer" });
    const stranger = await newSignedIn(foyer);
    expect((await post("/sign-out", own.cookie, { scope: "others" })).status).to.equal(204);
    for (const { cookie } of others) expect(await whoIs(other, cookie)).to.equal(undefined);
    const bearer = await other.http.get("/session").set("Authorization", `Bearer ${body.token}`);
    expect(bearer.body.account).to.equal(null);
    expect(await whoIs(other, own.cookie)).to.equal(own.email);
    const again = await signIn(foyer, own.email);
    expect((await post("/sign-out", own.cookie, { scope: "all" })).status).to.equal(204);
    for (const { cookie } of [own, again]) expect(await whoIs(other, cookie)).to.equal(undefined);
    expect(await whoIs(other, stranger.cookie)).to.equal(stranger.email);
  });

  it("let one of two win who sign out everywhere else at the same moment", async () => {
    const first = await newSignedIn(foyer);
    const second = await signIn(foyer, first.email);
    for (let round = 0; round < 10; round += 1) {
      await Promise.all([first, second].map(({ cookie }) => post("/sign-out", cookie, { scope: "others" })));
      const live = await Promise.all([first, second].map(({ cookie }) => whoIs(other, cookie)));
      expect(live.filter(Boolean)).to.have.length(1);
      for (const [n, one] of [first, second].entries()) {
        if (!live[n]) Object.assign(one, await signIn(foyer, one.email));
      }
    }
  });

  it("are the operator's to end by SQL, of one account or of all, at all instances", async () => {
    const [one, another] = [await newSignedIn(foyer), await newSignedIn(foyer)];
    await foyer.sql("update users set session_epoch = session_epoch + 1 where id = ?", one.id);
    expect([await whoIs(other, one.cookie), await whoIs(other, another.cookie)]).to.deep.equal([
      undefined,
      another.email,
    ]);
    const { cookie } = await signIn(foyer, one.email);
    await foyer.sql("update users set session_epoch = session_epoch + 1, disabled_at = now()");
    for (const sent of [cookie, another.cookie]) expect(await whoIs(other, sent)).to.equal(undefined);
    await foyer.sql("update users set disabled_at = null");
    for (const sent of [cookie, another.cookie]) expect(await whoIs(other, sent)).to.equal(undefined);
    expect(await whoIs(other, (await signIn(foyer, one.email)).cookie)).to.equal(one.email);
  });

  it("list the live sessions of the account, the last used first, in words and without secrets", async () => {
    const { email } = await newAccount(foyer);
    const firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";
    await foyer.http.post("/sign-in").set("User-Agent", firefox).send({ email, password: PASSWORD });
    await foyer.http.post("/sign-in").set("User-Agent", "<b>Chrome</b>").send({ email, password: PASSWORD });
    await foyer.sql("update sessions set last_seen_at = now() - interval '1 hour' where user_agent = ?", firefox);
    const own = await signIn(foyer, email);
    const sessions = await list(own);
    expect(sessions).to.have.length(3);
    expect(sessions[0]).to.have.all.keys("handle", "current", "createdAt", "lastSeenAt", "ip", "browser", "device");
    expect(sessions.map(({ current }: { current: boolean }) => current)).to.deep.equal([true, false, false]);
    expect(sessions[2]).to.include({ browser: "Firefox on Windows", ip: "127.0.0.1" });
    expect(sessions[1]).to.include({ browser: null });
    const [, token = ""] = own.cookie.split("=");
    expect(JSON.stringify(sessions)).not.to.include(token);
  });

  it("refuse to list or end anything for nobody", async () => {
    expectProblem(await foyer.http.get("/sessions"), 401, "not_signed_in");
    expectProblem(await foyer.http.post("/sessions/end").send({ handle: "x" }), 401, "not_signed_in");
  });

  it("end one session by its handle, at all instances, and its own as a sign-out does", async () => {
    const own = await newSignedIn(foyer);
    const second = await signIn(foyer, own.email);
    const handle = (await list(second)).find(({ current }: { current: boolean }) => current).handle;
    expect((await post("/sessions/end", own.cookie, { handle })).status).to.equal(204);
    expect(await whoIs(other, second.cookie)).to.equal(undefined);
    expectProblem(await post("/sessions/end", own.cookie, { handle }), 404, "session_unknown");
    const [{ handle: ownHandle }] = await list(own);
    const answer = await post("/sessions/end", own.cookie, { handle: ownHandle });
    expect(cookieOf(answer)).to.equal("");
    expect(answer.headers["clear-site-data"]).to.equal('"cache"');
    expect(await whoIs(other, own.cookie)).to.equal(undefined);
  });

  it("end no session of another account, and none by less than a handle", async () => {
    const own = await newSignedIn(foyer);
    const stranger = await newSignedIn(foyer);
    const [{ handle }] = await list(stranger);
    for (const sent of [handle, "", handle.slice(0, 15), "%", "\0".repeat(16), null, {}, undefined]) {
      expectProblem(await post("/sessions/end", own.cookie, { handle: sent }), 404, "session_unknown");
    }
    expect(await whoIs(foyer, stranger.cookie)).to.equal(stranger.email);
    expect(await whoIs(foyer, own.cookie)).to.equal(own.email);
  });

  it("answer 400 to a scope that there is none of", async () => {
    const body = expectProblem(await post("/sign-out", "", { scope: "some" }), 400, "invalid_input");
    expect(body["errors"]).to.deep.equal([{ field: "scope", message: "Send this, others or all for scope." }]);
  });
});

describe("auth.reauthenticate", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  const post = (cookie: string, password: string) =>
    foyer.http.post("/account/reauthenticate").set("Cookie", cookie).set("Origin", foyer.url).send({ password });

  it("gives the session another token and a new time, and ends the old token", async () => {
    const { id, email, cookie } = await newSignedIn(foyer);
    await foyer.travel("1 hour");
    const answer = await post(cookie, PASSWORD);
    expect([answer.status, answer.body]).to.deep.equal([200, { id, email, verified: true }]);
    expect(await whoIs(foyer, cookie)).to.equal(undefined);
    const { body } = await foyer.http.get("/session").set("Cookie", cookieOf(answer));
    expect(Date.now() - Date.parse(body.session.authenticatedAt)).to.be.below(10_000);
    expect(Date.now() - Date.parse(body.session.createdAt)).to.be.above(3_500_000);
    expect(await foyer.rows("sessions")).to.have.length(1);
  });

  it("gives a program another token in the answer", async () => {
    const { email } = await newAccount(foyer);
    const { body } = await foyer.http.post("/sign-in").send({ email, password: PASSWORD, as: "bearer" });
    const answer = await foyer.http
      .post("/account/reauthenticate")
      .set("Authorization", `Bearer ${body.token}`)
      .send({ password: PASSWORD });
    expect(answer.headers).not.to.have.property("set-cookie");
    expect(answer.body.token)
      .to.match(/^foyer_b_/)
      .and.not.equal(body.token);
    const before = await foyer.http.get("/session").set("Authorization", `Bearer ${body.token}`);
    expect(before.body.account).to.equal(null);
  });

  it("refuses a wrong password and nobody, and leaves the session as it was", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    expectProblem(await post(cookie, "wrong horse battery"), 401, "invalid_credentials");
    expectProblem(await foyer.http.post("/account/reauthenticate").send({ password: PASSWORD }), 401, "not_signed_in");
    expect(await whoIs(foyer, cookie)).to.equal(email);
  });
});

describe("a sign-in that is under way when all sessions are ended", () => {
  const ROUNDS = 50;

  it(`leaves no live session, in ${ROUNDS} rounds at two instances`, async function () {
    if (!process.env["DATABASE_URL"]) return this.skip();
    // A hash takes long enough for the sign-out to come between.
    const foyer = await startFoyer({ bcryptCost: 10 });
    const other = await foyer.another({ bcryptCost: 10, mail: { kind: "none" } });
    const { email, cookie: first } = await newSignedIn(foyer);
    let cookie = first;
    let live = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const read = new Promise<void>((resolve) => {
        foyer.watchStatements((sql) => {
          if (/sign_in_failures/.test(sql)) resolve();
        });
      });
      const signingIn = foyer.http
        .post("/sign-in")
        .send({ email, password: PASSWORD })
        .then((answer) => answer);
      await read;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
      await other.http.post("/sign-out").set("Cookie", cookie).set("Origin", other.url).send({ scope: "all" });
      const late = await signingIn;
      const slipped = late.status === 200 && (await whoIs(other, cookieOf(late)));
      // It may have been done before the sign-out, which then ended it; or after, if it began after.
      if (slipped) live += 1;
      cookie = (await signIn(foyer, email)).cookie;
    }
    expect(live).to.equal(0);
    await other.stop();
    await foyer.stop();
  });
});
