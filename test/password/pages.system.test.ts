import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { newAccount } from "../support/account.ts";
import { violations } from "../support/axe.ts";
import { openPage, startBrowser } from "../support/browser.ts";
import { readMailbox } from "../support/emails.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { waitFor } from "../support/wait-for.ts";

const NEW = "another horse battery";
const THIRD = "a third horse battery";
/** As long as mail allows, and without a place to break it. */
const LONGEST = `${"l".repeat(64)}@${"d".repeat(61)}.${"e".repeat(61)}.${"f".repeat(60)}.com`;

describe("setting a password in a browser", function () {
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

  const emailAbout = (email: string, subject: string) =>
    waitFor(async () => (await readMailbox(foyer, email)).find((one) => one.subject === subject));

  async function change(page: Page, current: string, password: string) {
    await fill(page, "Current password", current);
    await fill(page, "New password", password);
    await press(page, "Change password");
  }

  /** A forgotten password is set anew, and then changed. Calls back in each state that a person sees. */
  async function visit(page: Page, email: string, look: (state: string) => Promise<unknown>) {
    await page.goto(`${foyer.url}/sign-in`);
    await page.getByRole("link", { name: "Forgot your password?" }).click();
    await heading(page, "Forgot your password?");
    await look("request");
    await press(page, "Send me a link");
    await page.getByRole("alert").getByText("Enter your email address").waitFor();
    await look("no address");
    await fill(page, "Email address", email);
    await press(page, "Send me a link");
    await page
      .getByRole("status")
      .getByText("If that address has an account here, we are sending it an email with a link.")
      .waitFor();
    await look("sent");
    const sent = await emailAbout(email, "Set a new password");
    const link = `${foyer.url}${/\/reset\?token=\S+/.exec(sent.text)?.[0]}`;
    await page.goto(link);
    await page.getByText(email).waitFor();
    await look("link");
    await fill(page, "New password", "short");
    await press(page, "Set password");
    await page.getByRole("alert").getByText("Use at least 8 characters").waitFor();
    expect(await page.locator(":focus").getAttribute("role")).to.equal("alert");
    await look("bad password");
    await fill(page, "New password", NEW);
    await press(page, "Set password");
    await page.getByRole("status").getByText("Your new password is set. You can sign in with it now.").waitFor();
    await look("sign in");
    await page.goto(link);
    await page.getByRole("alert").getByText("This link no longer works").waitFor();
    await look("used link");

    await page.goto(`${foyer.url}/account/password`);
    await fill(page, "Email address", email);
    await fill(page, "Password", NEW);
    await press(page, "Sign in");
    await heading(page, "Change your password");
    await look("change");
    await press(page, "Change password");
    await page.getByRole("alert").getByText("Enter your current password.").waitFor();
    await look("nothing typed");
    await change(page, PASSWORD, THIRD);
    await page.getByRole("alert").getByText("That is not your current password.").waitFor();
    await look("wrong password");
    await change(page, NEW, THIRD);
    await page.getByRole("status").getByText("Your password has been changed.").waitFor();
    await look("changed");
    for (const { number } of [sent, await emailAbout(email, "Your password was changed")]) {
      // Not from its address, where it may run no script, and so axe may not either.
      await page.goto("about:blank");
      await page.setContent((await foyer.http.get(`/mailbox/${number}/html`)).text);
      await look(`email ${number}`);
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
