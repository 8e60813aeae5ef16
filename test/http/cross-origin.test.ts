import { expect } from "chai";
import { parseConfig } from "../../src/config/environment.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

const APP = "https://app.example.com";
const ACCOUNT = { email: "alice@example.com", password: "secret123" };

describe("CORS: a frontend of another origin", () => {
  let foyer: TestFoyer;
  afterEach(() => foyer.stop());

  function preflight(path: string, origin: string, headers = "content-type") {
    return foyer.http
      .options(path)
      .set({ Origin: origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": headers });
  }

  function postFrom(origin: string, path: string, body: object = ACCOUNT) {
    return foyer.http.post(path).set({ Origin: origin, "Sec-Fetch-Site": "cross-site" }).send(body);
  }

  it("is refused by JSON and by tRPC unless it is named", async () => {
    foyer = await startFoyer();
    for (const path of ["/register", "/trpc/auth.register"]) {
      expect((await preflight(path, APP)).headers).not.to.have.property("access-control-allow-origin");
      expect((await postFrom(APP, path)).status).to.equal(403);
    }
  });

  it("may use JSON and tRPC, without cookies, where it is named", async () => {
    foyer = await startFoyer({ corsOrigins: [APP] });
    for (const [n, path] of ["/register", "/trpc/auth.register"].entries()) {
      const asked = await preflight(path, APP);
      expect([asked.status, asked.headers["access-control-allow-origin"]]).to.deep.equal([204, APP]);
      expect(asked.headers).not.to.have.property("access-control-allow-credentials");
      const answer = await postFrom(APP, path, { ...ACCOUNT, email: `n${n}@example.com` });
      expect(answer.status).to.be.below(202);
      expect(answer.headers["access-control-allow-origin"]).to.equal(APP);
      expect(answer.headers["access-control-expose-headers"]).to.include("Retry-After");
    }
  });

  it("is refused where another is named, however similar", async () => {
    foyer = await startFoyer({ corsOrigins: [APP] });
    for (const path of ["/register", "/trpc/auth.register"]) {
      for (const other of ["https://evil.example", `${APP}.evil.example`, "null"]) {
        expect((await preflight(path, other)).headers).not.to.have.property("access-control-allow-origin");
        expect((await postFrom(other, path)).status).to.equal(403);
      }
    }
  });

  it("may use no page, even where it is named", async () => {
    foyer = await startFoyer({ corsOrigins: [APP] });
    const form = foyer.registerByForm(ACCOUNT.email).set({ Origin: APP, "Sec-Fetch-Site": "cross-site" });
    expect((await form).status).to.equal(403);
    for (const path of ["/register", "/welcome", "/assets/foyer.css"]) {
      const { headers } = await foyer.http.get(path).set("Origin", APP);
      expect(headers).not.to.have.property("access-control-allow-origin");
    }
  });

  it("may add the header fields of its libraries where it is named", async () => {
    foyer = await startFoyer({ corsOrigins: [APP] });
    const asked = "authorization,baggage,content-type,sentry-trace,traceparent,tracestate,trpc-accept,x-trpc-source";
    for (const path of [
      "/register",
      "/verify",
      "/verify/resend",
      "/trpc/auth.register",
      "/trpc/auth.register,auth.register?batch=1",
    ]) {
      const { status, headers } = await preflight(path, APP, asked);
      expect([path, status, headers["access-control-allow-headers"]]).to.deep.equal([path, 204, asked]);
      expect(headers["vary"]).to.equal("Origin, Access-Control-Request-Headers");
      const other = await preflight(path, "https://evil.example", asked);
      expect(Object.keys(other.headers).filter((name) => name.startsWith("access-control-"))).to.deep.equal([]);
      expect(other.headers["vary"]).to.match(/^Origin\b/);
    }
  });

  it("is told that the answer varies by origin, as is a program without one", async () => {
    foyer = await startFoyer({ corsOrigins: [APP] });
    const answer = await foyer.register(ACCOUNT.email).set({ Origin: APP, "Sentry-Trace": "x" });
    expect([answer.status, answer.headers["vary"]]).to.deep.equal([201, "Origin"]);
    // Its words are the reader's.
    expect((await foyer.http.post("/register").send({})).headers["vary"]).to.equal("Origin, Accept-Language");
  });

  it("is named by a pattern only as a sub-domain, at any depth, of the same scheme and port", async () => {
    const { corsOrigins } = parseConfig({ CORS_ORIGINS: "https://*.Example.com/, http://*.localhost:5173" });
    foyer = await startFoyer({ corsOrigins });
    const allowed = async (origin: string) =>
      (await preflight("/register", origin)).headers["access-control-allow-origin"];
    for (const origin of [
      "https://app.example.com",
      "https://a.b-c.example.com",
      "https://pr_7.example.com",
      "http://x.localhost:5173",
    ]) {
      expect(await allowed(origin)).to.equal(origin);
      expect((await foyer.http.post("/register").set("Origin", origin).send({})).status).to.equal(400);
    }
    for (const origin of [
      "https://example.com",
      "http://app.example.com",
      "https://app.example.com:8443",
      "https://app.example.com.evil.example",
      "https://evilexample.com",
      "https://.example.com",
      "https://a..example.com",
      "https://evil.example/.example.com",
      "https://evil.example?.example.com",
      "https://user@app.example.com",
      "https://*.example.com",
      "http://x.localhost",
      "http://localhost:5173",
      "null",
    ]) {
      expect(await allowed(origin), origin).to.equal(undefined);
      expect((await foyer.http.post("/register").set("Origin", origin).send({})).status, origin).to.equal(403);
    }
  });
});
