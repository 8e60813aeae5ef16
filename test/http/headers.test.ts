import { expect } from "chai";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

describe("the headers", () => {
  let foyer: TestFoyer;
  afterEach(() => foyer.stop());

  it("keep pages to themselves, and plain http working where that is the public address", async () => {
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
    expect(headers).to.include({ "referrer-policy": "same-origin", "x-content-type-options": "nosniff", "cache-control": "no-store" });
    expect(headers).to.include({ "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin" });
    expect(headers["permissions-policy"]).to.include("camera=()").and.include("geolocation=()");
    expect(headers).not.to.have.any.keys("strict-transport-security", "x-powered-by", "set-cookie");
  });

  it("are on every answer, and none but assets is kept", async () => {
    foyer = await startFoyer();
    const account = { email: "alice@example.com", password: "secret123" };
    const answers = [
      await foyer.http.post("/register").send(account),
      await foyer.http.post("/register").send(account),
      await foyer.http.post("/register").type("form").send(account),
      await foyer.http.post("/trpc/auth.register").send(account),
      await foyer.http.get("/welcome"),
      await foyer.http.get("/nothing"),
      await foyer.http.get("/assets/nothing"),
    ];
    expect(answers.map(({ status }) => status)).to.deep.equal([201, 400, 400, 400, 200, 404, 404]);
    for (const [n, { headers }] of answers.entries()) {
      expect(headers["content-security-policy"]).to.include("default-src 'none'");
      // The form that came back is kept for going back to it.
      expect(headers).to.include({ "x-content-type-options": "nosniff", "cache-control": n === 2 ? "private, no-cache" : "no-store" });
    }
  });

  it("let a browser go back to a page that answered a form, and keep no other", async () => {
    const rate = { count: 1, seconds: 60 };
    foyer = await startFoyer({ rateLimits: { perAddress: rate, perEmail: rate, perMailbox: rate, total: rate } });
    const form = (path: string, body: object) => foyer.http.post(path).type("form").send(body);
    const account = { email: "alice@example.com", password: "secret123" };
    const first = await form("/register", account);
    expect([first.status, first.headers["cache-control"]]).to.deep.equal([303, "no-store"]);
    for (const [status, answer] of [
      [400, await form("/register", {})],
      [413, await form("/register", { password: "x".repeat(20_000) })],
      [413, await form("/register", { password: "x".repeat(200_000) })],
      [429, await form("/register", account)],
      [400, await form("/verify", { code: "1" })],
      [404, await form("/verify", { token: "x" })],
      [400, await form("/verify/resend", {})],
      [403, await form("/register", account).set("Sec-Fetch-Site", "cross-site")],
    ] as const) {
      expect([answer.status, answer.headers["cache-control"]]).to.deep.equal([status, "private, no-cache"]);
    }
    const link = await foyer.http.get("/verify?token=x");
    expect([link.status, link.headers["cache-control"]]).to.deep.equal([404, "no-store"]);
  });

  it("hold browsers to https where that is the public address", async () => {
    foyer = await startFoyer({ publicUrl: new URL("https://accounts.example.com") });
    const { headers } = await foyer.http.get("/register");
    expect(headers["content-security-policy"]).to.include("upgrade-insecure-requests");
    expect(headers["strict-transport-security"]).to.include("max-age=31536000");
  });

  it("let browsers keep what does not change", async () => {
    foyer = await startFoyer();
    for (const path of ["pico.css", "foyer.css", "registration.js", "strength.js", "zxcvbn.js", "common-passwords.json", "swagger-ui.js"]) {
      const answer = await foyer.http.get(`/assets/${path}`);
      expect([path, answer.status, answer.headers["cache-control"]]).to.deep.equal([path, 200, "public, max-age=3600"]);
    }
  });
});
