import { expect } from "chai";
import { emailsTo } from "../support/emails.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

describe("GET /mailbox during development", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  it("says that there is none, and then shows each email as text and as HTML that can do nothing", async () => {
    expect((await foyer.http.get("/mailbox")).text).to.include("There are no emails yet");
    await foyer.registerByForm("alice@example.com");
    await emailsTo(foyer, "alice@example.com");
    expect((await foyer.http.get("/mailbox/1")).text).to.match(/<a href="http:\/\/localhost:3000\/verify\?token/);
    const html = await foyer.http.get("/mailbox/1/html");
    expect(html.headers["content-security-policy"]).to.match(/^default-src 'none'; style-src 'unsafe-inline'; sandbox/);
  });

  for (const path of ["/welcome", "/verify"]) {
    it(`is linked from ${path}`, async () => {
      expect((await foyer.http.get(path)).text).to.include('href="/mailbox"');
    });
  }

  it("answers 404 where there is no email", async () => {
    for (const path of ["/mailbox/2", "/mailbox/x", "/mailbox/1/text", "/mailbox/%00"])
      expect((await foyer.http.get(path)).status, path).to.equal(404);
  });

  it("answers 400 to a path that cannot be decoded, and repeats nothing of it", async () => {
    expect((await foyer.http.get("/mailbox/canary%zz")).status).to.equal(400);
    expect(foyer.logged()).not.to.include("canary");
  });

  for (const [name, value] of [
    ["X-Forwarded-For", "192.0.2.1"],
    ["Forwarded", "for=192.0.2.1"],
    ["Via", "1.1 proxy"],
    ["Host", "evil.example.com"],
    ["Host", "localhost.evil.example.com"],
  ] as const) {
    it(`answers 404 to another machine: ${name}: ${value}`, async () => {
      for (const path of ["/mailbox", "/mailbox/1", "/mailbox/1/html"])
        expect((await foyer.http.get(path).set(name, value)).status, path).to.equal(404);
    });
  }
});

describe("GET /mailbox where no mail server is named and the pages are not this machine's alone", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ mail: { kind: "none" } });
    expect((await foyer.register("alice@example.com")).status).to.equal(201);
  });
  after(() => foyer.stop());

  it("answers 404, and no page names it", async () => {
    expect((await foyer.http.get("/mailbox")).status).to.equal(404);
    expect((await foyer.http.get("/welcome")).text).not.to.include("mailbox");
  });

  it("counts the email as waiting", async () => {
    const { text } = await foyer.http.get("/metrics");
    expect(text)
      .to.include("foyer_emails_waiting 1\n")
      .and.match(/^foyer_email_oldest_seconds (?!0$)[\d.]+$/m);
    expect(text).to.include('foyer_emails_total{event="queued"} 1');
  });
});
