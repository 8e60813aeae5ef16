import { expect } from "chai";
import type { Browser } from "playwright-core";
import { openPage, startBrowser } from "../support/browser.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { signUp } from "../support/sign-up.ts";

describe("a time on a page", function () {
  this.timeout(60_000);
  let foyer: TestFoyer;
  let browser: Browser;

  before(async function () {
    browser = await startBrowser(this);
    foyer = await startFoyer();
  });
  after(async () => {
    await browser?.close();
    await foyer?.stop();
  });

  async function shown(options: Parameters<typeof openPage>[1]) {
    const { token, address } = await signUp(foyer);
    const { page, complaints } = await openPage(browser, options);
    await page.goto(`${foyer.url}/verify?token=${token}`);
    const words = await page.locator("time").first().textContent();
    expect(complaints).to.deep.equal([]);
    const signUps = await foyer.rows("sign_ups");
    const signedUp = signUps.find(({ email }) => email === address)?.["created_at"];
    if (!(signedUp instanceof Date)) throw new Error("no sign-up");
    return { words, signedUp };
  }

  for (const [timeZone, locale] of [
    ["Asia/Tokyo", "en-US"],
    ["America/New_York", "en-GB"],
    ["Europe/Berlin", "en-IN"],
  ] as const) {
    it(`is that of ${timeZone} where the browser is there, as ${locale} writes it`, async () => {
      const { words, signedUp } = await shown({ timezoneId: timeZone, locale });
      const format = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "short", timeZone });
      expect(words?.replaceAll(/\s/g, " ")).to.equal(format.format(signedUp).replaceAll(/\s/g, " "));
    });
  }

  it("is UTC, and says so, without scripts", async () => {
    const { words, signedUp } = await shown({ javaScriptEnabled: false, timezoneId: "Asia/Tokyo" });
    expect(words).to.match(/UTC$/).and.include(signedUp.toISOString().slice(11, 19));
  });
});
