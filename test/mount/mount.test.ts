import { Writable } from "node:stream";
import { initTRPC } from "@trpc/server";
import { createExpressMiddleware } from "@trpc/server/adapters/express";
import { expect } from "chai";
import express, { type Request, type Response } from "express";
import supertest from "supertest";
import { createFoyer, type Foyer, StartError } from "../../src/foyer.ts";
import { createLog } from "../../src/ops/log.ts";
import { newSessionToken } from "../../src/service/sessions/token.ts";
import { cookieOf } from "../support/account.ts";
import { PASSWORD } from "../support/foyer.ts";
import { emailTo, MOUNTED, openAccount } from "../support/mounted.ts";
import { newAddress } from "../support/sign-up.ts";

const { publicUrl, ...OTHERS } = MOUNTED;
const SETTINGS = { ...OTHERS, memory: true } as const;

/** What is streamed is no JSON as a whole. Of its answer only the head matters here. */
function streamed(request: supertest.Test): supertest.Test {
  return request
    .set("trpc-accept", "application/jsonl")
    .buffer(true)
    .parse((answer, done) => {
      answer.on("data", () => {});
      answer.on("end", () => done(null, ""));
    });
}

/** An app as a team writes it: Foyer's pages below /account, its procedures among its own, and pages for members. */
function createApp(foyer: Foyer) {
  type Context = ReturnType<Foyer["createContext"]> & { greeting: string };
  const t = initTRPC.context<Context>().create({ errorFormatter: foyer.errorFormatter });
  const router = t.router({
    hello: t.procedure.query(({ ctx }) => ctx.greeting),
    auth: foyer.router.auth,
  });
  const createContext = (options: { req: Request; res: Response }) => ({
    ...foyer.createContext(options),
    greeting: "hello",
  });
  // Or Express writes what it refuses to the console.
  const app = express().set("env", "test");
  app.use("/account", foyer.app);
  app.use("/trpc", createExpressMiddleware({ router, createContext }));
  app.get("/who", async (req, res) => {
    const current = await foyer.session(req);
    res.json(current?.account.email ?? null);
  });
  app.use("/members", foyer.requireSession, (_req, res) => {
    res.json(res.locals["account"]);
  });
  return app;
}

describe("an app in Express that mounts Foyer", () => {
  let foyer: Foyer;
  let app: ReturnType<typeof supertest>;
  before(async () => {
    foyer = await createFoyer({ ...SETTINGS, publicUrl });
    app = supertest(createApp(foyer));
  });
  after(() => foyer.close());

  let count = 0;
  async function newSession() {
    count += 1;
    const email = `n${count}@example.com`;
    return { email, cookie: await openAccount(app, email) };
  }

  it("asks who sent a request", async () => {
    const { email, cookie } = await newSession();
    expect((await app.get("/who").set("Cookie", cookie)).body).to.equal(email);
    expect((await app.get("/who")).body).to.equal(null);
    // Not on what another origin's page sends.
    const other = { Cookie: cookie, Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" };
    expect((await app.get("/who").set(other)).body).to.equal(null);
  });

  it("lets members pass, has pages sign in and come back, and refuses all else with 401", async () => {
    const { email, cookie } = await newSession();
    expect((await app.get("/members/x").set("Cookie", cookie)).body).to.include({ email, verified: true });
    const page = await app.get("/members/x?y=1").set("Accept", "text/html");
    expect([page.status, page.headers["location"]]).to.deep.equal([
      303,
      "/account/sign-in?next=%2Fmembers%2Fx%3Fy%3D1",
    ]);
    expect((await app.get("/members/x")).status).to.equal(401);
    expect((await app.post("/members/x").set("Accept", "text/html")).status).to.equal(401);
    const back = await app
      .post("/account/sign-in")
      .type("form")
      .send({ email, password: PASSWORD, next: "/members/x?y=1" });
    expect(back.headers["location"]).to.equal("/members/x?y=1");
  });

  it("has Foyer's procedures among its own", async () => {
    expect((await app.get("/trpc/hello")).body.result.data).to.equal("hello");
    const { email } = await newSession();
    const signedIn = await app.post("/trpc/auth.signIn").send({ email, password: PASSWORD });
    expect(signedIn.body.result.data).to.include({ email });
    const cookie = cookieOf(signedIn);
    expect((await app.get("/trpc/auth.session").set("Cookie", cookie)).body.result.data.account).to.include({ email });
    const refused = await app.post("/trpc/auth.signIn").send({ email, password: "wrong horse" });
    expect(refused.status).to.equal(401);
    expect(refused.body.error.data.refusal).to.deep.equal({ code: "invalid_credentials" });
    const german = await app
      .post("/trpc/auth.signIn")
      .set("Accept-Language", "de-AT, en;q=0.5")
      .send({ email, password: "wrong horse" });
    expect(german.body.error.data.refusal).to.deep.equal({ code: "invalid_credentials" });
    expect(german.body.error.message).to.include("Passwort");
  });
});

describe("an app in Express that does more than to mount Foyer", () => {
  let foyer: Foyer;
  before(async () => {
    foyer = await createFoyer({ ...SETTINGS, publicUrl });
  });
  after(() => foyer.close());

  for (const [what, parser] of [
    ["urlencoded({ extended: true })", express.urlencoded({ extended: true })],
    ["urlencoded({ extended: false })", express.urlencoded({ extended: false })],
    ["json()", express.json()],
    ["text()", express.text({ type: "*/*" })],
    ["raw()", express.raw({ type: "*/*" })],
  ] as const) {
    it(`may read bodies before, by express.${what}`, async () => {
      const http = supertest(express().use(parser).use("/account", foyer.app));
      const account = () => ({ email: newAddress(), password: PASSWORD });
      expect((await http.post("/account/register").type("form").send(account())).status).to.equal(303);
      expect((await http.post("/account/register").send(account())).status).to.equal(201);
      expect((await http.post("/account/trpc/auth.register").send(account())).status).to.equal(200);
      const broken = await http.post("/account/register").type("json").send("{");
      expect(broken.status).to.equal(400);
    });
  }

  it("has members who have to sign up first come back to the page that they wanted", async () => {
    const app = express().use("/account", foyer.app).use("/members", foyer.requireSession);
    const http = supertest(app);
    const { headers } = await http.get("/members/x?y=1").set("Accept", "text/html");
    const signIn = await http.get(headers["location"] ?? "");
    const back = "return_to=http%3A%2F%2Flocalhost%3A3000%2Fmembers%2Fx%3Fy%3D1";
    expect(signIn.text).to.include(`href="/account/register?${back.replaceAll("=", "&#x3D;")}`);
    const email = newAddress();
    await http.post(`/account/register?${back}`).type("form").send({ email, password: PASSWORD });
    expect(await emailTo(http, email)).to.include(back);
  });

  it("leads to where publicUrl says, however the app is nested, and tells the app where that is not the mount", async () => {
    const warned: string[] = [];
    const log = createLog(
      "warn",
      new Writable({ write: (chunk, _encoding, done) => done(void warned.push(`${chunk}`)) }),
    );
    const nested = await createFoyer({ ...SETTINGS, publicUrl: "http://localhost:3000/api/account", log });
    const router = express.Router().use("/account", nested.app);
    const http = supertest(express().use("/api", router).use("/members", nested.requireSession));
    expect((await http.get("/api/account/sign-in")).text).to.include('action="/api/account/sign-in"');
    const { headers } = await http.get("/members").set("Accept", "text/html");
    expect(headers["location"]).to.equal("/api/account/sign-in?next=%2Fmembers");
    express().use("/account", nested.app);
    expect(warned).to.deep.equal([]);
    express().use("/auth", nested.app);
    expect(warned.join()).to.include("http://localhost:3000/auth");
    await nested.close();
  });

  it("is led in no circle by a client that takes anything", async () => {
    const http = supertest(express().use("/account", foyer.app));
    const cookie = await openAccount(http, newAddress());
    expect((await http.get("/account/account").set("Cookie", cookie)).status).to.equal(200);
    expect((await http.get("/account/account")).headers["location"]).to.include("/account/sign-in");
  });

  it("has the same guard before its own router as Foyer has before its own", async () => {
    const http = supertest(createApp(foyer).set("env", "test"));
    const cookie = await openAccount(http, newAddress());
    const register = () => http.post("/trpc/auth.register").send({ email: newAddress(), password: PASSWORD });
    expect((await register()).status).to.equal(200);
    const other = { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" };
    expect((await register().set(other)).status).to.equal(403);
    expect((await http.post("/trpc/auth.signOut").set("Cookie", cookie).send({})).status).to.equal(403);
    const both = { Cookie: cookie, Authorization: `Bearer foyer_b_${"x".repeat(49)}` };
    const refused = await http.get("/trpc/auth.session").set(both);
    expect([refused.status, refused.body.error.message]).to.deep.equal([
      400,
      (await http.get("/account/session").set(both)).body.detail,
    ]);
    expect((await http.get("/who").set(both)).status).to.equal(400);
  });

  it("has requests to its own router counted as those to Foyer's are, but for reading one's own session", async () => {
    const limited = await createFoyer({ ...SETTINGS, publicUrl, rateLimits: true, rateLimitRequests: "3/10m" });
    const http = supertest(createApp(limited));
    const ask = () => http.post("/trpc/auth.confirmEmailChange").send({ token: "x" });
    for (let n = 0; n < 5; n += 1) expect((await http.get("/trpc/auth.session")).status).to.equal(200);
    const batch = { 0: { token: "x" }, 1: { token: "y" } };
    expect((await http.post("/trpc/auth.verifyEmail,auth.verifyEmail?batch=1").send(batch)).status).to.equal(404);
    expect((await http.post("/account/verify").send({ token: "x" })).status).to.equal(404);
    expect((await ask()).status).to.equal(404);
    const refused = await ask();
    expect([refused.status, refused.body.error.data.refusal.code]).to.deep.equal([429, "rate_limited"]);
    expect((await http.post("/account/verify").send({ token: "x" })).status).to.equal(429);
    await limited.close();
  });

  it("has answers to its own router stored nowhere, unless it says otherwise itself", async () => {
    expect((await supertest(createApp(foyer)).get("/trpc/auth.session")).headers["cache-control"]).to.equal("no-store");
    const cached = express().use((_req, res, next) => {
      res.set("Cache-Control", "private, max-age=60");
      next();
    });
    const { headers } = await supertest(cached.use(createApp(foyer))).get("/trpc/hello");
    expect(headers["cache-control"]).to.equal("private, max-age=60");
  });

  it("sets the cookies of what is streamed, as Foyer's own router does", async () => {
    const http = supertest(createApp(foyer));
    const email = newAddress();
    await openAccount(http, email);
    const signIn = http.post("/trpc/auth.signIn?batch=1").send({ 0: { email, password: PASSWORD } });
    const signedIn = await streamed(signIn);
    expect(String(signedIn.headers["set-cookie"])).to.include("foyer-session=").and.include("foyer-known=");
    const account = { email: newAddress(), password: PASSWORD };
    const registered = await streamed(http.post("/trpc/auth.register?batch=1").send({ 0: account }));
    expect(String(registered.headers["set-cookie"])).to.include("foyer-browser=");
  });

  it("does not lend Foyer's pages what it has in res.locals", async () => {
    const own = express().use((_req, res, next) => {
      Object.assign(res.locals, { layout: "app", scripts: ["app.js"], title: 7, base: "/x" });
      next();
    });
    const { status, text } = await supertest(own.use("/account", foyer.app)).get("/account/register");
    expect(status).to.equal(200);
    expect(text).to.include("passwords.").and.not.include("app.js");
  });

  it("bears what no form of Foyer's sends", async () => {
    const http = supertest(express().use(express.urlencoded({ extended: true }), foyer.app));
    for (const path of ["/verify", "/account/email/undo", "/reset/confirm"])
      expect((await http.post(path).type("form").send("token[toString]=2")).status, path).to.be.within(400, 499);
  });

  it("answers 503 and when to retry once Foyer is closed, and closes it once", async () => {
    const closed = await createFoyer({ ...SETTINGS, publicUrl });
    const http = supertest(createApp(closed));
    await Promise.all([closed.close(), closed.close()]);
    await closed.close();
    const bearer = { Authorization: `Bearer ${newSessionToken("bearer")}` };
    for (const path of ["/who", "/trpc/auth.session", "/account/session"]) {
      const { status, headers } = await http.get(path).set(bearer);
      expect([path, status]).to.deep.equal([path, 503]);
      if (!path.startsWith("/trpc")) expect(Number(headers["retry-after"])).to.be.greaterThan(0);
    }
  });
});

describe("createFoyer", () => {
  it("keeps all in memory for tests, which supertest needs no port for", async () => {
    const foyer = await createFoyer(SETTINGS);
    const http = supertest(foyer.app);
    const { status } = await http.post("/register").send({ email: "alice@example.com", password: PASSWORD });
    expect(status).to.equal(201);
    await foyer.close();
    const another = await createFoyer(SETTINGS);
    const { body } = await supertest(another.app)
      .post("/register")
      .send({ email: "alice@example.com", password: PASSWORD });
    expect(body).to.deep.equal({ id: 1, email: "alice@example.com" });
    await another.close();
  });

  it("refuses a wrong setting, and one that there is none of, by their names in code", async () => {
    for (const [settings, line] of [
      [{ bcryptCost: 3 }, /^bcryptCost: expected/],
      [{ publicUrl: "x" }, /^publicUrl: expected/],
      [{ bcryptCosts: 3 }, /^bcryptCosts: there is no such setting$/],
      [{ PUBLIC_URL: "x" }, /^PUBLIC_URL: there is no such setting; in code it is publicUrl$/],
      [{ dataDir: "x" }, /^database: expected one of memory, knex, databaseUrl and dataDir$/],
    ] as const) {
      const refused = await createFoyer({ ...SETTINGS, ...settings }).catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(StartError);
      expect(String(refused).replace("StartError: ", "")).to.match(line);
    }
  });

  it("reads no variable of the environment", async () => {
    process.env["BCRYPT_COST"] = "nonsense";
    const foyer = await createFoyer(SETTINGS);
    delete process.env["BCRYPT_COST"];
    await foyer.close();
  });
});
