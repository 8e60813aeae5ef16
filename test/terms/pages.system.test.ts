import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { violations } from "../support/axe.ts";
import { openPage, startBrowser } from "../support/browser.ts";
import { emailsTo } from "../support/emails.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";
import { NEWER, TERMS } from "../support/terms.ts";

const MODES = [
  { colorScheme: "light", javaScriptEnabled: true },
  { colorScheme: "dark", javaScriptEnabled: true },
  { colorScheme: "light", javaScriptEnabled: false },
] as const;

describe("agreeing to terms in a browser", function () {
  this.timeout(60_000);
  let foyer: TestFoyer;
  let browser: Browser;

  before(async function () {
    browser = await startBrowser(this);
  });
  beforeEach(async () => {
    foyer = await startFoyer({ terms: TERMS });
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    await foyer.stop();
  });
  after(() => browser?.close());

  async function expectGood(page: Page, what: string, runsScripts: boolean) {
    if (runsScripts) expect(await violations(page), what).to.deep.equal([]);
    for (const width of [320, 375, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await page.evaluate("document.documentElement.scrollWidth"), `${what} at ${width}`).to.equal(width);
    }
  }

  for (const mode of MODES) {
    const { colorScheme, javaScriptEnabled } = mode;
    it(`takes a tick, by keyboard, in ${colorScheme} mode, ${javaScriptEnabled ? "with" : "without"} JavaScript`, async () => {
      const email = newAddress();
      const { page, complaints } = await openPage(browser, mode);
      await page.goto(`${foyer.url}/register`);
      expect(complaints.splice(0)).to.deep.equal([]);
      await expectGood(page, "the sign-up", javaScriptEnabled);
      await page.getByLabel("Email address").fill(email);
      await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
      await page.getByLabel("Password", { exact: true }).press("Enter");
      const summary = page.getByRole("alert");
      await summary.getByText("Select that you agree to the terms of use.").waitFor();
      await expectGood(page, "the sign-up without a tick", javaScriptEnabled);
      await summary.getByRole("link").click();
      const tick = page.getByLabel("I agree to the terms of use");
      await page.waitForFunction("document.activeElement?.id === 'termsVersion'");
      await page.keyboard.press("Space");
      expect(await tick.isChecked()).to.equal(true);
      await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Check your email" }).waitFor();

      const [{ token }] = await emailsTo(foyer, email);
      await foyer.verify(token);
      await foyer.restart({ terms: NEWER });
      await page.goto(`${foyer.url}/sign-in?next=/account/sessions`);
      await page.getByLabel("Email address").fill(email);
      await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Agree to the terms of use" }).waitFor();
      await expectGood(page, "the newer terms", javaScriptEnabled);
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByRole("alert").getByText("Select that you agree").waitFor();
      await expectGood(page, "the newer terms without a tick", javaScriptEnabled);
      await page.getByLabel("I agree to the terms of use").focus();
      await page.keyboard.press("Space");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Where you are signed in" }).waitFor();
    });
  }
});
