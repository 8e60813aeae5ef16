import { expect } from "chai";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";

describe("the headers of answers", () => {
  let foyer: TestFoyer;
  afterEach(() => foyer.stop());

  it("isolate our pages, and do not force https where the public address is plain http", async () => {
    foyer = await startFoyer();
    const { headers } = await foyer.http.get("/register");
    expect(headers["content-security-policy"]?.split(";").toSorted()).to.deep.equal([
      "base-uri 'none'",
      "connect-src 'self'",
      "default-src 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "img-src 'self' data:",
      "script-src 'self'",
      "style-src 'self'",
    ]);
    expect(headers).to.include({
      "referrer-policy": "same-origin",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    });
    expect(headers).to.include({
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
    });
    expect(headers["permissions-policy"]).to.include("camera=()").and.include("geolocation=()");
    expect(headers).not.to.have.any.keys("strict-transport-security", "x-powered-by", "set-cookie");
  });

  it("keep every answer but assets out of caches, and isolate it", async () => {
    foyer = await startFoyer();
    const email = "alice@example.com";
    const answers = [
      await foyer.register(email),
      await foyer.register(email),
      await foyer.registerByForm(email),
      await foyer.http.post("/trpc/auth.register").send({ email, password: PASSWORD }),
      await foyer.http.get("/welcome"),
      await foyer.http.get("/nothing"),
      await foyer.http.get("/assets/nothing"),
    ];
    expect(answers.map(({ status }) => status)).to.deep.equal([201, 400, 400, 400, 200, 404, 404]);
    for (const [n, { headers }] of answers.entries()) {
      expect(headers["content-security-policy"]).to.include("default-src 'none'");
      // A browser keeps a form that came back, so that a person can go back to it.
      expect(headers).to.include({
        "x-content-type-options": "nosniff",
        "cache-control": n === 2 ? "private, no-cache" : "no-store",
      });
    }
  });

  it("let a browser keep only the pages that answer a form, to go back to them", async () => {
    const [one, many] = [
      { count: 1, seconds: 60 },
      { count: 100, seconds: 60 },
    ];
    foyer = await startFoyer({
      rateLimits: { perIp: many, perEmail: one, perMailbox: many, perDomain: many, total: many, signIn: many },
    });
    const form = (path: string, body: object) => foyer.http.post(path).type("form").send(body);
    const again = () => foyer.registerByForm("alice@example.com");
    const first = await again();
    expect([first.status, first.headers["cache-control"]]).to.deep.equal([303, "no-store"]);
    for (const [status, answer] of [
      [400, await form("/register", {})],
      [413, await form("/register", { password: "x".repeat(20_000) })],
      [413, await form("/register", { password: "x".repeat(200_000) })],
      [429, await again()],
      [400, await form("/verify", { code: "1" })],
      [404, await form("/verify", { token: "x" })],
      [400, await form("/verify/resend", {})],
      [403, await again().set("Sec-Fetch-Site", "cross-site")],
    ] as const) {
      expect([answer.status, answer.headers["cache-control"]]).to.deep.equal([status, "private, no-cache"]);
    }
    const link = await foyer.http.get("/verify?token=x");
    expect([link.status, link.headers["cache-control"]]).to.deep.equal([404, "no-store"]);
  });

  it("force https where that is the public address", async () => {
    foyer = await startFoyer({ publicUrl: new URL("https://accounts.example.com") });
    const { headers } = await foyer.http.get("/register");
    expect(headers["content-security-policy"]).to.include("upgrade-insecure-requests");
    expect(headers["strict-transport-security"]).to.include("max-age=31536000");
  });
});
