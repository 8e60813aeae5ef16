import { expect } from "chai";
import { createFoyerClient } from "../../src/client.ts";
import { newAccount, newSignedIn, signIn } from "../support/account.ts";
import { postgresUrl } from "../support/database.ts";
import { askForChange, changeAddress, postSignedIn } from "../support/email-change.ts";
import { allSent, emailsTo } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { failure } from "../support/failure.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { NO_LIMIT } from "../support/limits.ts";
import { newResetToken } from "../support/reset-link.ts";
import { accountOf, newAddress, signUp } from "../support/sign-up.ts";

const STRANGER = "Stranger/1.0 (canary)";

const MANY_SESSIONS = `insert into sessions (token_hash, user_id, epoch, kind, idle_seconds, expires_at, ip, user_agent)
  select sha256(cast('many ' || n as bytea)), ?, 0, 'bearer', 3600, now() + interval '1 day', '192.0.2.1', 'program'
  from generate_series(1, 5000) n`;

describe("auth.exportAccount", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  const exportOf = (cookie: string) => foyer.http.get("/account/export").set("Cookie", cookie);

  it("answers 200 with all that is kept of the account, under these names and no others", async () => {
    const own = await newSignedIn(foyer, { keep: true });
    const to = newAddress();
    await askForChange(foyer, own, to);
    await allSent(foyer);
    const { status, body } = await exportOf(own.cookie);
    expect(status).to.equal(200);
    expect(body).to.have.all.keys("account", "signUps", "sessions", "emailChanges", "emails", "events", "acceptances");
    expect(body.account).to.have.all.keys(
      "id",
      "email",
      "verified",
      "createdAt",
      "updatedAt",
      "verifiedAt",
      "language",
    );
    expect(body.account).to.include({ id: own.id, email: own.email, verified: true });
    expect(body.signUps).to.have.length(1);
    expect(body.signUps[0])
      .to.have.all.keys("email", "createdAt", "userAgent", "language")
      .and.to.include({ email: own.email });
    expect(body.sessions).to.have.length(1);
    expect(body.sessions[0])
      .to.have.all.keys("kind", "createdAt", "authenticatedAt", "lastSeenAt", "expiresAt", "ip", "userAgent")
      .and.to.include({ kind: "kept", ip: "127.0.0.1" });
    expect(body.emailChanges).to.have.length(1);
    expect(body.emailChanges[0])
      .to.have.all.keys("from", "to", "askedAt", "changedAt", "outcome")
      .and.to.include({ from: own.email, to, changedAt: null, outcome: null });
    for (const email of body.emails) {
      expect(email)
        .to.have.all.keys("purpose", "createdAt", "finishedAt", "outcome")
        .and.to.include({ outcome: "sent" });
    }
    expect(body.emails.map(({ purpose }: { purpose: string }) => purpose)).to.deep.equal([
      "verify",
      "email_change_notice",
    ]);
  });

  it("has what was told of the account, and not of another", async () => {
    const end = foyer.on("account.signed_in", () => {});
    const { email } = await newSignedIn(foyer);
    await newSignedIn(foyer);
    const { cookie } = await signIn(foyer, email);
    end();
    const { events } = (await exportOf(cookie)).body;
    expect(events).to.have.length(2);
    for (const event of events) {
      expect(event)
        .to.have.all.keys("type", "toldTo", "createdAt", "finishedAt", "outcome")
        .and.to.include({ type: "account.signed_in", toldTo: "app" });
    }
  });

  it("has no email about an account that had the address before", async () => {
    const left = await newSignedIn(foyer);
    await changeAddress(foyer, left, newAddress());
    const own = await newSignedIn(foyer);
    await changeAddress(foyer, own, left.email);
    await allSent(foyer);
    const { emails } = (await exportOf(own.cookie)).body;
    expect(emails.map(({ purpose }: { purpose: string }) => purpose)).to.deep.equal([
      "verify",
      "email_change_notice",
      "email_change_notice",
    ]);
  });

  it("does not tell what came of an email to an address that was asked for, which tells whose it is", async () => {
    const own = await newSignedIn(foyer);
    const { email: taken } = await newAccount(foyer);
    // Where nobody has it, a mail server refuses what it cannot spell.
    const spelled = [taken, newAddress()].map((address) => address.replace("n", "ｎ"));
    for (const email of spelled) await postSignedIn(foyer, own.cookie, "/account/email", { email });
    await allSent(foyer);
    await foyer.sql(
      "update emails set outcome = 'given_up' where id = (select max(id) from emails where purpose = 'email_change')",
    );
    const { text, body } = await exportOf(own.cookie);
    expect(body.emailChanges).to.have.length(2);
    expect(text).not.to.include("given_up");
  });

  it("says when the account is deleted, if it is to be", async () => {
    const { id, email } = await newAccount(foyer);
    await foyer.sql("update users set deletes_at = now() + interval '1 day' where id = ?", id);
    const { account } = (await exportOf((await signIn(foyer, email)).cookie)).body;
    expect(Date.parse(account.deletesAt) - Date.now()).to.be.within(86_000_000, 86_400_000);
  });

  it("has nothing that strangers did at the address, nor anything of another account", async () => {
    const address = newAddress();
    const other = await newSignedIn(foyer);
    await askForChange(foyer, other, newAddress());
    const { token } = await signUp(foyer, address);
    const register = { email: address, password: "a stranger's horse" };
    for (let n = 0; n < 2; n += 1) await foyer.http.post("/register").set("User-Agent", STRANGER).send(register);
    await emailsTo(foyer, address, 3);
    await foyer.verify(token);
    const { cookie } = await signIn(foyer, address);
    const { body, text } = await exportOf(cookie);
    expect(body.signUps).to.have.length(1);
    expect(body.sessions).to.have.length(1);
    expect(body.emailChanges).to.deep.equal([]);
    expect(body.emails.map(({ purpose }: { purpose: string }) => purpose)).to.deep.equal([
      "verify",
      "verify",
      "verify",
    ]);
    expect(text).not.to.include(STRANGER).and.not.include(other.email);
  });

  it("has no password, hash, token, digest or handle", async () => {
    const own = await newSignedIn(foyer);
    const { body: bearer } = await foyer.http
      .post("/sign-in")
      .send({ email: own.email, password: PASSWORD, as: "bearer" });
    const { confirms, undoes } = await askForChange(foyer, own, newAddress());
    const resets = await newResetToken(foyer, own.email);
    await foyer.register(own.email, "a stranger's horse");
    const { text } = await exportOf(own.cookie);
    const { hashed_password } = await accountOf(foyer, own.email);
    const digests: unknown[] = [];
    for (const table of ["sessions", "reset_tokens", "email_change_tokens", "verification_tokens"]) {
      for (const { token_hash, code_hash } of await foyer.rows(table)) digests.push(token_hash, code_hash);
    }
    for (const { hashed_password: hash, device_hash } of await foyer.rows("sign_ups")) digests.push(hash, device_hash);
    const own16 = digests.filter((one) => typeof one === "string").flatMap((one) => [one, one.slice(0, 16)]);
    expect(own16.length).to.be.above(10);
    const token = own.cookie.replace("foyer-session=", "");
    for (const secret of [PASSWORD, hashed_password, token, bearer.token, confirms, undoes, resets, ...own16])
      expect(text).not.to.include(secret);
  });

  it("is for whoever is signed in alone: by cookie, by bearer token, and by the typed client", async () => {
    const { id, email, cookie } = await newSignedIn(foyer);
    expectProblem(await exportOf(""), 401, "not_signed_in");
    expectProblem(await exportOf(`${cookie.slice(0, -1)}x`), 401, "not_signed_in");
    const nobody = await failure(createFoyerClient(foyer.url).auth.exportAccount.query());
    expect(nobody.data?.refusal).to.deep.equal({ code: "not_signed_in" });
    const { body } = await foyer.http.post("/sign-in").send({ email, password: PASSWORD, as: "bearer" });
    const byBearer = await foyer.http.get("/account/export").set("Authorization", `Bearer ${body.token}`);
    expect(byBearer.body.account).to.include({ id, email });
    const { auth } = createFoyerClient(foyer.url, { token: body.token });
    const { account, sessions } = await auth.exportAccount.query();
    expect(account).to.include({ id, email });
    expect(sessions.map(({ kind }) => kind)).to.deep.equal(["browser", "bearer"]);
  });

  it("sets no cookie, and is kept by no cache", async () => {
    const { cookie, known } = await newSignedIn(foyer);
    for (const path of ["/account/export", "/trpc/auth.exportAccount"]) {
      const { status, headers } = await foyer.http.get(path).set("Cookie", `${cookie}; ${known}`);
      expect([status, headers["cache-control"]]).to.deep.equal([200, "no-store"]);
      expect(headers).not.to.have.property("set-cookie");
    }
  });

  it("is read once for who asks many times at once", async function () {
    // The embedded database reads it in one turn, so that nobody else asks meanwhile.
    if (!postgresUrl) return this.skip();
    const { cookie, id } = await newSignedIn(foyer);
    await foyer.sql(MANY_SESSIONS, id);
    const reads: string[] = [];
    foyer.watchStatements((sql) => /^select .* from "public"\."email_changes"/.test(sql) && reads.push(sql));
    const answers = await Promise.all(Array.from({ length: 20 }, () => exportOf(cookie)));
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(20).fill(200));
    expect(reads.length).to.be.within(1, 5);
  });

  it("counts as an attempt", async () => {
    const { cookie } = await newSignedIn(foyer);
    await foyer.restart({ rateLimits: { ...NO_LIMIT, perIp: { count: 2, seconds: 600 } } });
    for (let n = 0; n < 2; n += 1) expect((await exportOf(cookie)).status).to.equal(200);
    expectProblem(await exportOf(cookie), 429, "rate_limited");
    await foyer.restart({ rateLimits: undefined });
  });

  it("is read by no page of another origin with the browser's cookie", async () => {
    const { cookie } = await newSignedIn(foyer);
    const answer = await exportOf(cookie).set({ "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors" });
    expectProblem(answer, 401, "not_signed_in");
  });
});
