import { createServer } from "node:http";
import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { violations } from "../support/axe.ts";
import { openPage, startBrowser } from "../support/browser.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

describe("the sign-up form in a browser", function () {
  this.timeout(60_000);
  let foyer: TestFoyer;
  let browser: Browser;
  let count = 0;

  before(async function () {
    browser = await startBrowser(this);
    foyer = await startFoyer();
  });
  afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));
  after(async () => {
    await browser?.close();
    await foyer?.stop();
  });

  function newAddress() {
    count += 1;
    return `n${count}@example.com`;
  }

  async function fill(page: Page, email: string, password: string) {
    await page.goto(`${foyer.url}/`);
    await page.getByLabel("Email address").fill(email);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Create account" }).click();
  }

  for (const javaScriptEnabled of [true, false]) {
    describe(javaScriptEnabled ? "with scripts" : "without scripts", () => {
      it("signs someone up, and arrives at the page that says to check the email", async () => {
        const { page, complaints } = await openPage(browser, { javaScriptEnabled });
        await fill(page, newAddress(), "secret123");
        await page.getByRole("heading", { name: "Check your email" }).waitFor();
        expect(page.url()).to.equal(`${foyer.url}/welcome`);
        expect(complaints).to.deep.equal([]);
      });

      it("announces and focuses errors, links each to its field, and loses nothing but the password", async () => {
        const { page } = await openPage(browser, { javaScriptEnabled });
        await fill(page, "alice", "short");
        const summary = page.getByRole("alert");
        await summary.waitFor();
        expect(await page.title()).to.match(/^Error: /);
        expect(await page.locator(":focus").getAttribute("role")).to.equal("alert");
        expect(await page.getByLabel("Email address").inputValue()).to.equal("alice");
        expect(await page.getByLabel("Password", { exact: true }).inputValue()).to.equal("");
        await summary.getByRole("link", { name: /Use at least 8/ }).click();
        expect(await page.locator(":focus").getAttribute("id")).to.equal("password");
      });

      it("can be used by keyboard alone", async () => {
        const { page } = await openPage(browser, { javaScriptEnabled });
        await page.goto(`${foyer.url}/register`);
        await page.keyboard.press("Tab");
        await page.keyboard.press("Tab");
        await page.keyboard.type(newAddress());
        await page.keyboard.press("Tab");
        await page.keyboard.type("secret123");
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { name: "Check your email" }).waitFor();
      });

      for (const address of ["jörg@bücher.de", "用户@例子.广告"]) {
        it(`signs ${address} up, and then says that it is registered`, async () => {
          const { page } = await openPage(browser, { javaScriptEnabled });
          const own = `${javaScriptEnabled ? "a" : "b"}${address}`;
          await fill(page, own, "secret123");
          await page.getByRole("heading", { name: "Check your email" }).waitFor();
          await fill(page, own, "secret123");
          expect(await page.locator("#email-error").textContent()).to.include("Email already registered");
        });
      }
    });
  }

  /** Brings a page into each state that a person sees, and calls back in each. */
  async function visit(page: Page, look: (state: string) => Promise<unknown>) {
    await page.goto(`${foyer.url}/register`);
    await look("empty");
    await page.getByLabel("Password", { exact: true }).pressSequentially("secret123");
    await page.getByRole("status").getByText("guess").waitFor();
    await look("typed");
    await fill(page, "alice", "short");
    await page.getByRole("alert").waitFor();
    await look("errors");
    await page.goto(`${foyer.url}/welcome`);
    await look("welcome");
    await page.goto(`${foyer.url}/nothing`);
    await look("not found");
  }

  for (const colorScheme of ["light", "dark"] as const) {
    it(`has no fault that axe finds, in any state, with ${colorScheme} colours`, async () => {
      const { page, complaints } = await openPage(browser, { colorScheme, viewport: { width: 375, height: 800 } });
      await visit(page, async (state) => expect(await violations(page), state).to.deep.equal([]));
      expect(complaints).to.deep.equal([]);
    });
  }

  it("does not overflow in any state, from 320 pixels on", async () => {
    const { page } = await openPage(browser);
    await visit(page, async (state) => {
      for (const width of [320, 375, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        expect(await page.evaluate("document.documentElement.scrollWidth"), `${state} at ${width}`).to.equal(width);
      }
    });
  });

  it("has targets of at least 24 pixels in height", async () => {
    const { page } = await openPage(browser);
    await fill(page, "alice", "short");
    for (const target of await page.locator(":is(a, button, input):visible").all()) {
      expect((await target.boundingBox())?.height, await target.evaluate("(e) => e.outerHTML")).to.be.at.least(24);
    }
  });

  it("shows the password when asked, and hides it again before it is sent", async () => {
    const { page } = await openPage(browser);
    await page.goto(`${foyer.url}/register`);
    const password = page.getByLabel("Password", { exact: true });
    await password.fill("secret123");
    await page.getByRole("button", { name: "Show password" }).click();
    expect(await password.getAttribute("type")).to.equal("text");
    await page.getByRole("button", { name: "Hide password" }).click();
    expect(await password.getAttribute("type")).to.equal("password");
    await page.getByRole("button", { name: "Show password" }).click();
    await page.getByLabel("Email address").fill("alice");
    await page.evaluate("document.forms[0].addEventListener('submit', (event) => event.preventDefault())");
    await page.getByRole("button", { name: "Create account" }).click();
    expect(await password.getAttribute("type")).to.equal("password");
  });

  it("does not praise a password that is too short or too long to be taken", async () => {
    const { page } = await openPage(browser);
    await page.goto(`${foyer.url}/register`);
    const password = page.getByLabel("Password", { exact: true });
    await password.pressSequentially("xQ7#v&2");
    await page.getByRole("status").getByText("Too short").waitFor();
    expect(await page.evaluate("document.querySelector('meter').value")).to.equal(0);
    await password.pressSequentially("kP!");
    await page.getByRole("status").getByText("strong").waitFor();
    await password.fill("xQ7#v&2kP!".repeat(30));
    await page.getByRole("status").getByText("Too long").waitFor();
  });

  it("is sent once by two clicks", async () => {
    const { page } = await openPage(browser);
    const posts: string[] = [];
    page.on("request", (request) => request.method() === "POST" && posts.push(request.url()));
    await page.goto(`${foyer.url}/register`);
    await page.getByLabel("Email address").fill(newAddress());
    await page.getByLabel("Password", { exact: true }).fill("secret123");
    await page.getByRole("button", { name: "Create account" }).dblclick();
    await page.getByRole("heading", { name: "Check your email" }).waitFor();
    expect(posts).to.have.length(1);
  });

  it("refuses a form that a page of another origin sent, and says so", async () => {
    const before = await foyer.users();
    const body = `<form method="post" action="${foyer.url}/register"><input name="email" value="mallory@example.com"><input name="password" value="secret123"><button>Win</button></form>`;
    const other = createServer((_req, res) => res.setHeader("Content-Type", "text/html").end(body)).listen(
      0,
      "localhost",
    );
    await new Promise((resolve) => other.once("listening", resolve));
    const { page } = await openPage(browser);
    await page.goto(`http://localhost:${(other.address() as { port: number }).port}`);
    await page.getByRole("button").click();
    await page.getByText("a page of another site sent this").waitFor();
    expect(await foyer.users()).to.have.length(before.length);
    other.close();
  });

  it("lets a frontend of an origin in CORS_ORIGINS register by JSON and tRPC, and read refusals", async () => {
    const frontend = createServer((_req, res) =>
      res.setHeader("Content-Type", "text/html").end("<!doctype html>"),
    ).listen(0, "localhost");
    await new Promise((resolve) => frontend.once("listening", resolve));
    const origin = `http://localhost:${(frontend.address() as { port: number }).port}`;
    const open = await startFoyer({ corsOrigins: [origin] });
    const { page } = await openPage(browser);
    await page.goto(origin);
    const send = (url: string, path: string, email: string) =>
      page.evaluate(
        `fetch("${url}${path}", { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"email":"${email}","password":"secret123"}' })
          .then(async (answer) => [answer.status, await answer.text(), answer.headers.has("x-request-id")], () => "blocked")`,
      );
    expect(await send(open.url, "/register", "json@example.com")).to.deep.equal([
      201,
      '{"id":1,"email":"json@example.com"}',
      true,
    ]);
    expect(await send(open.url, "/trpc/auth.register", "trpc@example.com")).to.include(200);
    expect((await send(open.url, "/register", "JSON@example.com")) as unknown[]).to.include(400);
    expect(await send(foyer.url, "/register", "other@example.com")).to.equal("blocked");
    expect(await page.evaluate(`fetch("${open.url}/register").then(() => "read", () => "blocked")`)).to.equal(
      "blocked",
    );
    await open.stop();
    frontend.close();
  });

  it("has a field for bots that neither the eye, nor the keyboard, nor a screen reader meets", async () => {
    const { page } = await openPage(browser);
    await page.goto(`${foyer.url}/register`);
    const honeypot = page.locator("[name=topic]");
    expect([await honeypot.count(), await honeypot.isVisible()]).to.deep.equal([1, false]);
    expect(await page.locator("main").ariaSnapshot()).not.to.match(/empty|topic/i);
    for (let n = 0; n < 5; n += 1) {
      await page.keyboard.press("Tab");
      expect(await page.locator(":focus").getAttribute("name")).not.to.equal("topic");
    }
  });
});
