import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { violations } from "../support/axe.ts";
import { openPage, startBrowser } from "../support/browser.ts";
import { emailsTo } from "../support/emails.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";

describe("the pages of verification in a browser", function () {
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

  /** Signs up, and gives what the email says. */
  async function signUp(page: Page) {
    const address = newAddress();
    await page.goto(`${foyer.url}/register`);
    await page.getByLabel("Email address").fill(address);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByRole("heading", { name: "Check your email" }).waitFor();
    const [email] = await emailsTo(foyer, address);
    return { address, ...email };
  }

  for (const javaScriptEnabled of [true, false]) {
    describe(javaScriptEnabled ? "with scripts" : "without scripts", () => {
      it("verify the address by the link, on another device, and say so again when one goes back", async () => {
        const { page } = await openPage(browser, { javaScriptEnabled });
        const { address, token } = await signUp(page);
        const { page: phone, complaints } = await openPage(browser, { javaScriptEnabled });
        await phone.goto(`${foyer.url}/verify?token=${token}`);
        await phone.getByText(address).waitFor();
        await phone.getByLabel("Password you chose").fill("another's password");
        await phone.getByRole("button", { name: "Verify my address" }).click();
        await phone.getByRole("alert").getByText("That is not the password").waitFor();
        expect(await phone.title()).to.match(/^Error: /);
        expect(await phone.getByLabel("Password you chose").inputValue()).to.equal("");
        await phone.getByLabel("Password you chose").fill(PASSWORD);
        await phone.getByRole("button", { name: "Verify my address" }).click();
        await phone.getByRole("heading", { name: "Your email address is verified" }).waitFor();
        expect(phone.url()).to.equal(`${foyer.url}/verified`);
        await phone.goBack();
        await phone.reload();
        await phone.getByRole("heading", { name: "Your email address is verified" }).waitFor();
        expect(complaints).to.deep.equal([]);
      });

      it("verify the address by the link, on another device, with a new password", async () => {
        const { page } = await openPage(browser, { javaScriptEnabled });
        const { token } = await signUp(page);
        const { page: phone, complaints } = await openPage(browser, { javaScriptEnabled });
        await phone.goto(`${foyer.url}/verify?token=${token}`);
        await phone.getByLabel("New password").fill("short");
        await phone.getByRole("button", { name: "Verify with this password" }).click();
        await phone.getByRole("alert").getByText("Use at least 8 characters").waitFor();
        await phone.getByLabel("New password").fill("a password of my own");
        if (javaScriptEnabled) {
          await phone.getByText("Very strong").waitFor();
          await phone.getByRole("button", { name: "Show password" }).last().click();
          expect(await phone.getByLabel("New password").getAttribute("type")).to.equal("text");
        }
        await phone.getByRole("button", { name: "Verify with this password" }).click();
        await phone.getByRole("heading", { name: "Your email address is verified" }).waitFor();
        expect(complaints).to.deep.equal([]);
      });

      it("verify the address by the code, where one signed up, after a mistake", async () => {
        const { page, complaints } = await openPage(browser, { javaScriptEnabled });
        const { code } = await signUp(page);
        await page.getByLabel("Code from the email").fill("1234");
        await page.getByRole("button", { name: "Verify" }).click();
        await page.getByRole("alert").waitFor();
        expect(await page.title()).to.match(/^Error: /);
        expect(await page.locator(":focus").getAttribute("role")).to.equal("alert");
        expect(await page.getByLabel("Code from the email").inputValue()).to.equal("1234");
        await page.getByLabel("Code from the email").fill(code);
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { name: "Your email address is verified" }).waitFor();
        expect(complaints).to.deep.equal([]);
      });

      it("send a new email when the link cannot be used", async () => {
        const { page } = await openPage(browser, { javaScriptEnabled });
        const { address } = await signUp(page);
        await page.goto(`${foyer.url}/verify?token=unknown`);
        await page.getByRole("heading", { name: "This link cannot be used" }).waitFor();
        await page.getByLabel("Email address").fill(address);
        await page.getByRole("button", { name: "Send a new email" }).click();
        await page.getByRole("status").getByText("we have sent it a new email").waitFor();
        const [{ code }] = await emailsTo(foyer, address, 2);
        await page.getByLabel("Code from the email").fill(code);
        await page.getByRole("button", { name: "Verify", exact: true }).click();
        await page.getByRole("heading", { name: "Your email address is verified" }).waitFor();
      });
    });
  }

  it("verify the address by the link of the HTML email, from the mailbox", async () => {
    const { page, complaints } = await openPage(browser);
    await signUp(page);
    await page.getByRole("link", { name: "Read them in the mailbox." }).click();
    await page.getByRole("link", { name: "Verify your email address" }).first().click();
    await page.getByRole("link", { name: "As HTML" }).click();
    const link = page.getByRole("link", { name: "Verify my address" });
    // The email names the address that people open, here another than the test's.
    const { pathname, search } = new URL((await link.getAttribute("href")) ?? "");
    await page.goto(`${foyer.url}${pathname}${search}`);
    await page.getByRole("button", { name: "Verify my address" }).click();
    await page.getByRole("heading", { name: "Your email address is verified" }).waitFor();
    expect(complaints).to.deep.equal([]);
  });

  /** Brings a page into each state that a person sees, and calls back in each. */
  async function visit(page: Page, look: (state: string) => Promise<unknown>) {
    const { token, number } = await signUp(page);
    await look("signed up");
    await page.getByRole("button", { name: "Verify" }).click();
    await look("wrong code");
    for (const path of [
      `/verify?token=${token}`,
      "/verify?token=x",
      "/verify",
      "/verify?sent",
      "/verified",
      "/mailbox",
      `/mailbox/${number}`,
    ]) {
      await page.goto(`${foyer.url}${path}`);
      await look(path);
    }
    await page.context().clearCookies();
    await page.goto(`${foyer.url}/verify?token=${token}`);
    await look("the link elsewhere");
    for (const name of ["Verify my address", "Verify with this password"]) {
      await page.getByRole("button", { name }).click();
      await look(`${name} without a password`);
    }
    // Not from its address, where it may run no script, and so axe may not either.
    await page.goto("about:blank");
    await page.setContent((await foyer.http.get(`/mailbox/${number}/html`)).text);
    await look("the email");
  }

  for (const colorScheme of ["light", "dark"] as const) {
    it(`axe finds nothing wrong with any of them, in the ${colorScheme} scheme`, async () => {
      const { page } = await openPage(browser, { colorScheme, viewport: { width: 375, height: 800 } });
      await visit(page, async (state) => expect(await violations(page), state).to.deep.equal([]));
    });
  }

  it("fit from 320 pixels on, with targets at least 24 pixels high", async () => {
    const { page } = await openPage(browser);
    await visit(page, async (state) => {
      for (const width of [320, 375, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        expect(await page.evaluate("document.documentElement.scrollWidth"), `${state} at ${width}`).to.equal(width);
      }
      for (const target of await page.locator(":is(button, input):visible").all()) {
        expect((await target.boundingBox())?.height, state).to.be.at.least(24);
      }
    });
  });
});
