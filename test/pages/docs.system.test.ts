import { expect } from "chai";
import type { Browser } from "playwright-core";
import { openPage, startBrowser } from "../support/browser.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

describe("GET /docs", function () {
  this.timeout(60_000);
  let foyer: TestFoyer;
  let browser: Browser;
  before(async function () {
    foyer = await startFoyer();
    browser = await startBrowser(this);
  });
  after(async () => {
    await browser?.close();
    await foyer?.stop();
  });

  it("shows the OpenAPI document in a browser, within its policy", async () => {
    const { page, complaints } = await openPage(browser);
    await page.goto(`${foyer.url}/docs`);
    await page.getByText("Create an account").first().waitFor();
    expect(complaints).to.deep.equal([]);
  });
});
