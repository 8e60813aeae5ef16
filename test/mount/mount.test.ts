import { initTRPC } from "@trpc/server";
import { createExpressMiddleware } from "@trpc/server/adapters/express";
import { expect } from "chai";
import express, { type Request, type Response } from "express";
import supertest from "supertest";
import { createFoyer, type Foyer, StartError } from "../../src/foyer.ts";
import { cookieOf } from "../support/account.ts";
import { PASSWORD } from "../support/foyer.ts";
import { MOUNTED, openAccount } from "../support/mounted.ts";

const { publicUrl, ...OTHERS } = MOUNTED;
const SETTINGS = { ...OTHERS, memory: true } as const;

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
