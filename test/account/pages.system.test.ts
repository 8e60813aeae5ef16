import { readFile } from "node:fs/promises";
import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { newAccount } from "../support/account.ts";
import { violations } from "../support/axe.ts";
import { openPage, startBrowser } from "../support/browser.ts";
import { emailAbout } from "../support/emails.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";

/** As long as mail allows, and without a place to break it. */
const LONGEST = `${"l".repeat(64)}@${"d".repeat(61)}.${"e".repeat(61)}.${"f".repeat(60)}.com`;

describe("exporting and deleting one's account in a browser", function () {
  this.timeout(60_000);
  let foyer: TestFoyer;
  let browser: Browser;

  before(async function () {
    browser = await startBrowser(this);
    foyer = await startFoyer({ noticeNewSignIn: true });
  });
  afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));
  after(async () => {
    await browser?.close();
    await foyer?.stop();
  });

  const heading = (page: Page, name: string) => page.getByRole("heading", { name, exact: true }).waitFor();
  const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();
  const fill = (page: Page, label: string, typed: string) => page.getByLabel(label, { exact: true }).fill(typed);

  async function signIn(page: Page, email: string) {
    await fill(page, "Email address", email);
    await fill(page, "Password", PASSWORD);
    await press(page, "Sign in");
  }

  async function download(page: Page) {
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download your data" }).click(),
    ]);
    expect(file.suggestedFilename()).to.equal("account.json");
    return JSON.parse(await readFile(await file.path(), "utf8"));
  }

  /** An account is deleted, kept, and deleted again. Calls back in each state that a person sees. */
  async function visit(page: Page, email: string, look: (state: string) => Promise<unknown>) {
    await page.goto(`${foyer.url}/account`);
    await signIn(page, email);
    await heading(page, "Your account");
    await look("account");
    expect((await download(page)).account.email).to.equal(email);
    await page.getByRole("link", { name: "Delete your account" }).click();
    await heading(page, "Delete your account");
    await look("delete");
    await press(page, "Delete my account");
    await page.getByRole("alert").getByText("Enter a password.").waitFor();
    await fill(page, "Current password", "wrong horse battery");
    await press(page, "Delete my account");
    await page.getByRole("alert").getByText("That is not your current password.").waitFor();
    await look("wrong password");
    await fill(page, "Current password", PASSWORD);
    await press(page, "Delete my account");
    await page.getByRole("status").getByText("Your account will be deleted in 7 days.").waitFor();
    await look("leaving");
    await page.goto(`${foyer.url}/sign-in?next=/account/sessions`);
    await signIn(page, email);
    await heading(page, "Do you want to keep your account?");
    await look("keep");
    await press(page, "Keep my account");
    await heading(page, "Where you are signed in");

    await page.goto(`${foyer.url}/account/delete`);
    await fill(page, "Current password", PASSWORD);
    await press(page, "Delete my account");
    await signIn(page, email);
    await press(page, "Sign out and let it be deleted");
    await page.getByRole("status").getByText("You are signed out.").waitFor();
    await page.goto(`${foyer.url}/account`);
    await signIn(page, email);
    await press(page, "Keep my account");
    await page.getByRole("status").getByText("Your account will not be deleted.").waitFor();
    await look("kept");
    for (const subject of [
      "Your account will be deleted",
      "Your account will not be deleted",
      "New sign-in to your account",
    ]) {
      const { number } = await emailAbout(foyer, email, subject);
      // Not from its address, where it may run no script, and so axe may not either.
      await page.goto("about:blank");
      await page.setContent((await foyer.http.get(`/mailbox/${number}/html`)).text);
      await look(subject);
    }
  }

  it("works without scripts", async () => {
    const { page, complaints } = await openPage(browser, { javaScriptEnabled: false });
    const { email } = await newAccount(foyer);
    await visit(page, email, async () => {});
    expect(complaints).to.deep.equal([]);
  });

  it("has no fault that axe finds, and fits in every state, from 320 pixels on, light and dark", async () => {
    const { page, complaints } = await openPage(browser, { reducedMotion: "reduce" });
    const { email } = await newAccount(foyer, LONGEST);
    await visit(page, email, async (state) => {
      for (const width of [1280, 375, 320]) {
        await page.setViewportSize({ width, height: 800 });
        expect(await page.evaluate("document.documentElement.scrollWidth"), `${state} at ${width}`).to.equal(width);
      }
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await violations(page), `${state}, ${colorScheme}`).to.deep.equal([]);
      }
    });
    expect(complaints).to.deep.equal([]);
  });
});
