import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { newAccount } from "../support/account.ts";
import { violations } from "../support/axe.ts";
import { openPage, startBrowser } from "../support/browser.ts";
import { tokenIn } from "../support/email-change.ts";
import { emailAbout } from "../support/emails.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";

/** As long as mail allows, and without a place to break it. */
const longest = (start: string) => `${start.padEnd(64, "l")}@${"d".repeat(61)}.${"e".repeat(61)}.${"f".repeat(60)}.com`;

describe("changing one's address in a browser", function () {
  this.timeout(60_000);
  let foyer: TestFoyer;
  let browser: Browser;

  before(async function () {
    browser = await startBrowser(this);
    foyer = await startFoyer();
  });
  afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));
  after(async () => {
    await browser?.close();
    await foyer?.stop();
  });

  const heading = (page: Page, name: string) => page.getByRole("heading", { name, exact: true }).waitFor();
  const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();
  const fill = (page: Page, label: string, typed: string) => page.getByLabel(label, { exact: true }).fill(typed);

  async function ask(page: Page, address: string, password: string) {
    await fill(page, "New email address", address);
    await fill(page, "Current password", password);
    await press(page, "Send the link");
  }

  /** An address is changed, stopped, changed again and brought back. Calls back in each state that a person sees. */
  async function visit(page: Page, [old, first, second]: string[], look: (state: string) => Promise<unknown>) {
    if (!old || !first || !second) throw new Error("three addresses");
    await newAccount(foyer, old);
    await page.goto(`${foyer.url}/account/email`);
    await fill(page, "Email address", old);
    await fill(page, "Password", PASSWORD);
    await press(page, "Sign in");
    await heading(page, "Change your email address");
    await look("form");
    await ask(page, "not signed in anywhere", "");
    await page.getByRole("alert").getByText("Enter a password.").waitFor();
    expect(await page.getByLabel("New email address").inputValue()).to.equal("not signed in anywhere");
    await look("errors");
    await ask(page, first, "wrong horse battery");
    await page.getByRole("alert").getByText("That is not your current password.").waitFor();
    await look("wrong password");
    await ask(page, first, PASSWORD);
    await page.getByRole("status").getByText("We have sent a link to your new address.").waitFor();
    await look("sent");

    const stops = await tokenIn(foyer, old, "Someone asked to change your email address");
    const confirms = await tokenIn(foyer, first, "Confirm your new email address");
    await page.goto(`${foyer.url}/account/email/undo?token=${stops}`);
    await heading(page, "Keep your email address");
    await look("stop");
    await press(page, "Keep this address");
    await heading(page, "Your address stays");
    await look("stopped");
    await page.goto(`${foyer.url}/account/email/confirm?token=${confirms}`);
    await page.getByRole("alert").getByText("This link has already been used").waitFor();
    await look("refused");

    await page.goto(`${foyer.url}/account/email`);
    await ask(page, second, PASSWORD);
    await page.goto(
      `${foyer.url}/account/email/confirm?token=${await tokenIn(foyer, second, "Confirm your new email address")}`,
    );
    await page.getByText(second).waitFor();
    await look("confirm");
    await press(page, "Confirm this address");
    await page.getByRole("status").getByText("Your email address has been changed.").waitFor();
    await page.getByText(second).waitFor();
    await look("changed");

    await page.goto(
      `${foyer.url}/account/email/undo?token=${await tokenIn(foyer, old, "Your email address was changed")}`,
    );
    await heading(page, "Bring your email address back");
    await page.getByText(old).waitFor();
    await look("undo");
    await press(page, "Bring it back");
    await heading(page, "Your address is back");
    await look("back");
    for (const [address, subject] of [
      [second, "Confirm your new email address"],
      [old, "Someone asked to change your email address"],
      [old, "Your email address was changed"],
      [old, "Set a new password"],
    ] as const) {
      const { number } = await emailAbout(foyer, address, subject);
      // Not from its address, where it may run no script, and so axe may not either.
      await page.goto("about:blank");
      await page.setContent((await foyer.http.get(`/mailbox/${number}/html`)).text);
      await look(subject);
    }
  }

  it("works without scripts", async () => {
    const { page, complaints } = await openPage(browser, { javaScriptEnabled: false });
    await visit(page, [newAddress(), newAddress(), newAddress()], async () => {});
    expect(complaints).to.deep.equal([]);
  });

  it("has no fault that axe finds, and fits in every state, from 320 pixels on, light and dark", async () => {
    const { page, complaints } = await openPage(browser, { reducedMotion: "reduce" });
    await visit(page, [longest("old"), longest("first"), longest("second")], async (state) => {
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
