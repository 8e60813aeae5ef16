import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { openPage, startBrowser } from "../support/browser.ts";
import { emailsTo } from "../support/emails.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

const RATE = { count: 1000, seconds: 600 };

describe("going back and forward in a browser", function () {
  this.timeout(60_000);
  let foyer: TestFoyer;
  let browser: Browser;
  let count = 0;

  before(async function () {
    browser = await startBrowser(this);
    foyer = await startFoyer({
      rateLimits: {
        perIp: RATE,
        perEmail: { count: 2, seconds: 600 },
        perMailbox: RATE,
        perDomain: RATE,
        total: RATE,
        signIn: RATE,
      },
    });
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
    await page.getByLabel("Email address").fill(email);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Create account" }).click();
  }

  const alert = (page: Page, text: string | RegExp) => page.getByRole("alert").getByText(text).waitFor();
  const heading = (page: Page, name: string) => page.getByRole("heading", { name }).waitFor();

  for (const javaScriptEnabled of [true, false]) {
    describe(javaScriptEnabled ? "with scripts" : "without scripts", () => {
      it("leads through each refused form to the empty one, and forward again to the page after it", async () => {
        const { page } = await openPage(browser, { javaScriptEnabled });
        const email = newAddress();
        await page.goto(`${foyer.url}/register`);
        await fill(page, "alice", "secret123");
        await alert(page, /with an @/);
        await fill(page, email, "short");
        await alert(page, /Use at least 8/);
        await fill(page, email, "secret123");
        await heading(page, "Check your email");
        await page.goBack();
        await alert(page, /Use at least 8/);
        expect(await page.getByLabel("Password", { exact: true }).inputValue()).to.equal("");
        await page.goBack();
        await alert(page, /with an @/);
        await page.goBack();
        await heading(page, "Create your account");
        expect(await page.getByRole("alert").count()).to.equal(0);
        await page.goForward();
        await alert(page, /with an @/);
        await page.goForward();
        await alert(page, /Use at least 8/);
        await page.goForward();
        await heading(page, "Check your email");
        await page.goBack();
        // What one came back to is a form like any other.
        await fill(page, newAddress(), "secret123");
        await heading(page, "Check your email");
      });

      it("leads through forms that were too large, of a known address, or refused by a limit", async () => {
        const { page } = await openPage(browser, { javaScriptEnabled });
        const email = newAddress();
        await page.goto(`${foyer.url}/register`);
        await fill(page, "alice@example.com", "x".repeat(20_000));
        await alert(page, /far longer/);
        await fill(page, email, "secret123");
        await heading(page, "Check your email");
        await page.goto(`${foyer.url}/register`);
        await fill(page, email, "secret123");
        await alert(page, /already registered/);
        await fill(page, email, "secret123");
        await alert(page, /Too many attempts/);
        await page.goto(`${foyer.url}/welcome`);
        await page.goBack();
        await alert(page, /Too many attempts/);
        await page.goBack();
        await alert(page, /already registered/);
        for (let n = 0; n < 3; n += 1) await page.goBack();
        await alert(page, /far longer/);
      });

      it("leads through refused codes and refused addresses, and forward again to the page after them", async () => {
        const { page } = await openPage(browser, { javaScriptEnabled });
        const email = newAddress();
        await page.goto(`${foyer.url}/register`);
        await fill(page, email, "secret123");
        const [{ code }] = await emailsTo(foyer, email);
        await page.getByLabel("Code from the email").fill("1234");
        await page.getByRole("button", { name: "Verify" }).click();
        await alert(page, /8 digits/);
        await page.getByLabel("Email address").fill("nobody");
        await page.getByRole("button", { name: "Send a new email" }).click();
        await alert(page, /with an @/);
        await page.getByLabel("Code from the email").fill(code);
        await page.keyboard.press("Enter");
        await heading(page, "Your email address is verified");
        await page.goBack();
        await alert(page, /with an @/);
        await page.goBack();
        await alert(page, /8 digits/);
        await page.goBack();
        await heading(page, "Check your email");
        for (let n = 0; n < 3; n += 1) await page.goForward();
        await heading(page, "Your email address is verified");
      });
    });
  }

  it("finds no password in a page that the browser kept as it was left", async () => {
    const { page } = await openPage(browser);
    await page.goto(`${foyer.url}/register`);
    const password = page.getByLabel("Password", { exact: true });
    await password.fill("secret123");
    // This one keeps no answer to a POST so; others do.
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))");
    expect(await password.inputValue()).to.equal("");
  });
});
