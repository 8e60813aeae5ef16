import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { openPage, startBrowser } from "../support/browser.ts";
import { emailsTo } from "../support/emails.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

const HOST = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.example.com`;
/** As long as mail allows, and without a place to break it. */
const LONGEST = `${"l".repeat(64)}@${"d".repeat(61)}.${"e".repeat(61)}.${"f".repeat(60)}.com`;
const ADDRESSES = [
  `${"n".repeat(64)}@example.de`,
  LONGEST,
  `${"w".repeat(60)}@${"ü".repeat(40)}.de`,
  `${"م".repeat(30)}@${"ايران".repeat(5)}.ir`,
];

describe("pages and emails with a long host and long addresses", function () {
  this.timeout(60_000);
  let foyer: TestFoyer;
  let browser: Browser;

  before(async function () {
    browser = await startBrowser(this);
    foyer = await startFoyer({
      publicUrl: new URL(`http://${HOST}:12345`),
      mail: { kind: "mailbox", from: { name: "Sender".repeat(20), address: LONGEST } },
    });
  });
  afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));
  after(async () => {
    await browser?.close();
    await foyer?.stop();
  });

  async function expectToFit(page: Page, what: string) {
    for (const width of [320, 375, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await page.evaluate("document.documentElement.scrollWidth"), `${what} at ${width}`).to.equal(width);
    }
  }

  async function show(page: Page, number: number) {
    // Not from its address, where its policy lets nothing be measured; nor under the policy of the page before.
    await page.goto("about:blank");
    await page.setContent((await foyer.http.get(`/mailbox/${number}/html`)).text);
  }

  for (const email of ADDRESSES) {
    it(`fit a phone with ${email.slice(0, 8)}… of ${email.length} characters`, async () => {
      const { page } = await openPage(browser);
      await foyer.register(email, "secret123");
      await foyer.register(email, "secret1234");
      const [verification] = await emailsTo(foyer, email, 2);
      await show(page, verification.number);
      await page.getByRole("heading", { name: "Verify your email address" }).waitFor();
      await expectToFit(page, "the email");
      for (const path of [`/verify?token=${verification.token}`, "/mailbox", `/mailbox/${verification.number}`]) {
        await page.goto(`${foyer.url}${path}`);
        await page.getByText(email).first().waitFor();
        await expectToFit(page, path);
      }
      await foyer.http.post("/verify").send({ token: verification.token, newPassword: "secret12345" });
      await foyer.resend(email);
      const [alreadyRegistered] = await emailsTo(foyer, email, 3);
      await show(page, alreadyRegistered.number);
      await page.getByRole("heading", { name: "You already have an account" }).waitFor();
      await expectToFit(page, "the other email");
    });
  }

  it("fit a phone where forms have errors", async () => {
    const narrow = await startFoyer({
      policy: { open: true, domains: [LONGEST.split("@")[1] ?? ""], refuseDisposable: false },
    });
    const { page } = await openPage(browser);
    await page.goto(`${narrow.url}/register`);
    for (const typed of [`${"x".repeat(70)}@example.com`, `<${LONGEST}>`, "alice@example.com"]) {
      await page.getByLabel("Email address").fill(typed);
      await page.getByLabel("Password", { exact: true }).fill("secret123");
      await page.getByRole("button", { name: "Create account" }).click();
      await page.getByRole("alert").waitFor();
      await expectToFit(page, typed);
    }
    await page.goto(`${narrow.url}/verify`);
    await page.getByLabel("Code from the email").fill("1".repeat(300));
    await page.getByRole("button", { name: "Verify", exact: true }).click();
    await page.getByRole("alert").waitFor();
    await expectToFit(page, "a long code");
    await narrow.stop();
  });
});
