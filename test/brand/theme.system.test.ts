import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { parseConfig } from "../../src/config/environment.ts";
import { violations } from "../support/axe.ts";
import { openPage, startBrowser } from "../support/browser.ts";
import { emailsTo } from "../support/emails.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

describe("the example theme in a browser", function () {
  this.timeout(60_000);
  let foyer: TestFoyer;
  let browser: Browser;

  before(async function () {
    browser = await startBrowser(this);
    const { brand, viewsDir } = parseConfig({
      SITE_NAME: "Harbour Books",
      SITE_LOGO: "examples/theme/logo.svg",
      BRAND_COLOR: "#0b6e4f",
      SUPPORT_EMAIL: "help@example.com",
      TERMS_URL: "https://example.com/terms",
      PRIVACY_URL: "https://example.com/privacy",
      VIEWS_DIR: "examples/theme/views",
    });
    foyer = await startFoyer({ brand, viewsDir });
    await foyer.register("alice@example.com");
  });
  afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));
  after(async () => {
    await browser?.close();
    await foyer?.stop();
  });

  async function expectGood(page: Page, what: string) {
    expect(await violations(page), what).to.deep.equal([]);
    for (const width of [320, 375, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await page.evaluate("document.documentElement.scrollWidth"), `${what} at ${width}`).to.equal(width);
    }
  }

  for (const colorScheme of ["light", "dark"] as const) {
    it(`can be read and fits in ${colorScheme} mode, on pages and in the email`, async () => {
      const { page, complaints } = await openPage(browser, { colorScheme });
      for (const path of ["/register", "/sign-in", "/welcome", "/reset", "/nothing"]) {
        await page.goto(`${foyer.url}${path}`);
        await page.getByRole("link", { name: "Contact support" }).waitFor();
        // Before axe, which the page's policy complains of.
        expect(complaints.splice(0), path).to.deep.equal([]);
        await expectGood(page, path);
        complaints.splice(0);
        const [name, font] = await page.evaluate<[string, string]>(
          "[document.querySelector('.brand').textContent.trim(), getComputedStyle(document.querySelector('.brand')).fontFamily]",
        );
        expect(name).to.equal("Harbour Books");
        expect(font).to.include("Georgia");
      }
      expect(await page.evaluate("document.querySelector('.brand img').naturalWidth")).to.be.above(0);
      const [{ number }] = await emailsTo(foyer, "alice@example.com");
      await page.goto("about:blank");
      await page.setContent((await foyer.http.get(`/mailbox/${number}/html`)).text);
      await expectGood(page, "the email");
    });
  }

  it("runs nothing of a logo that is opened by itself", async () => {
    const { page } = await openPage(browser);
    const { text } = await foyer.http.get("/register");
    const [logo = ""] = /\/assets\/[0-9a-f]+\/logo\.svg/.exec(text) ?? [];
    await page.goto(`${foyer.url}${logo}`);
    expect(await page.evaluate("self.origin")).to.equal("null");
  });
});
