import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { newAccount } from "../support/account.ts";
import { violations } from "../support/axe.ts";
import { FROM_MEMORY, openPage, startBrowser } from "../support/browser.ts";
import { emailsTo } from "../support/emails.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress, signUp } from "../support/sign-up.ts";

const FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:141.0) Gecko/20100101 Firefox/141.0";
const MANY = 20;
/** As long as mail allows, and without a place to break it. */
const LONGEST = `${"l".repeat(64)}@${"d".repeat(61)}.${"e".repeat(61)}.${"f".repeat(60)}.com`;

describe("signing in and out in a browser", function () {
  this.timeout(60_000);
  let foyer: TestFoyer;
  let browser: Browser;

  before(async function () {
    browser = await startBrowser(this, FROM_MEMORY);
    foyer = await startFoyer();
  });
  afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));
  after(async () => {
    await browser?.close();
    await foyer?.stop();
  });

  const heading = (page: Page, name: string) => page.getByRole("heading", { name }).waitFor();
  const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();
  const emailOf = (page: Page) => page.getByRole("textbox", { name: "Email address" });
  const passwordOf = (page: Page) => page.getByLabel("Password", { exact: true });

  async function signIn(page: Page, email: string, password = PASSWORD) {
    await emailOf(page).fill(email);
    await passwordOf(page).fill(password);
    await passwordOf(page).press("Enter");
  }

  const signInElsewhere = (email: string) =>
    foyer.http.post("/sign-in").set("User-Agent", FIREFOX).send({ email, password: PASSWORD });

  /** The text that a screen reader adds to the name of an element. */
  async function descriptionOf(page: Page, selector: string) {
    const id = await page.locator(selector).first().getAttribute("aria-describedby");
    return page.locator(`[id="${id}"]`).textContent();
  }

  for (const javaScriptEnabled of [true, false]) {
    describe(javaScriptEnabled ? "with scripts" : "without scripts", () => {
      it("announces and focuses a refusal that describes both fields, and then leads to where one was going", async () => {
        const { page, complaints } = await openPage(browser, { javaScriptEnabled });
        const { email } = await newAccount(foyer);
        await page.goto(`${foyer.url}/account/sessions`);
        await page.getByLabel("Keep me signed in").check();
        await signIn(page, email, "wrong horse battery");
        await page.getByRole("alert").getByText("The email address or the password is wrong").waitFor();
        expect(await page.title()).to.match(/^Error: /);
        expect(await page.locator(":focus").getAttribute("role")).to.equal("alert");
        for (const field of ["#email", "#password"]) {
          expect(await page.locator(field).getAttribute("aria-invalid")).to.equal("true");
          expect(await descriptionOf(page, field)).to.include("The email address or the password is wrong");
        }
        expect(await emailOf(page).inputValue()).to.equal(email);
        expect(await passwordOf(page).inputValue()).to.equal("");
        expect(await page.getByLabel("Keep me signed in").isChecked()).to.equal(true);
        if (javaScriptEnabled) {
          await press(page, "Show password");
          expect(await passwordOf(page).getAttribute("type")).to.equal("text");
        }
        await signIn(page, email);
        await heading(page, "Where you are signed in");
        expect(page.url()).to.equal(`${foyer.url}/account/sessions`);
        const [session] = await page.context().cookies();
        expect(session?.expires).to.be.above(Date.now() / 1000 + 29 * 24 * 60 * 60);
        expect(complaints).to.deep.equal([]);
      });

      it("ends another session, and says so", async () => {
        const { page, complaints } = await openPage(browser, { javaScriptEnabled });
        const { email } = await newAccount(foyer);
        await signInElsewhere(email);
        await page.goto(`${foyer.url}/account/sessions`);
        await signIn(page, email);
        await heading(page, "Other devices");
        expect(await descriptionOf(page, ".sessions button")).to.match(/Last seen\s*in the last few minutes/);
        await press(page, "Sign out of Firefox on Windows");
        await page.getByText("You are not signed in anywhere else.").waitFor();
        expect(await page.locator(":focus").textContent()).to.equal("You are signed out on that device.");
        expect(complaints).to.deep.equal([]);
      });

      it("signs out, and has the back button show nothing private after", async () => {
        const { page, complaints } = await openPage(browser, { javaScriptEnabled });
        const { email } = await newAccount(foyer);
        await page.goto(`${foyer.url}/sign-in`);
        await signIn(page, email);
        await page.getByText(email).waitFor();
        await press(page, "Sign out");
        await page.getByRole("status").getByText("You are signed out.").waitFor();
        expect(page.url()).to.equal(`${foyer.url}/sign-in?out`);
        await page.waitForLoadState();
        await page.goBack({ waitUntil: "commit" });
        await heading(page, "Sign in");
        expect(await page.content()).not.to.include(email);
        expect(complaints).to.deep.equal([]);
      });
    });
  }

  it("asks again where the back button shows a page of a session that ended elsewhere", async () => {
    const { page } = await openPage(browser);
    const { id, email } = await newAccount(foyer);
    await page.goto(`${foyer.url}/sign-in`);
    await signIn(page, email);
    await page.getByText(email).waitFor();
    await page.getByRole("link", { name: "Where you are signed in" }).click();
    await heading(page, "This device");
    await foyer.sql("delete from sessions where user_id = ?", id);
    await page.goBack({ waitUntil: "commit" });
    await heading(page, "Sign in");
    expect(await page.content()).not.to.include(email);
  });

  it("sends a new email to whoever is not verified, whose link signs in once and nobody else", async () => {
    const { page, complaints } = await openPage(browser, { javaScriptEnabled: false });
    const { address } = await signUp(foyer);
    await page.goto(`${foyer.url}/sign-in`);
    await signIn(page, address);
    await page.getByRole("alert").getByText("Verify your email address first").waitFor();
    await press(page, "Send a new email");
    await page.getByRole("status").getByText("we have sent it a new email").waitFor();
    const [{ token }] = await emailsTo(foyer, address, 2);
    await page.goto(`${foyer.url}/verify?token=${token}`);
    await page.getByLabel("Password you chose").fill(PASSWORD);
    await press(page, "Verify my address");
    await page.getByText(`you are signed in as ${address}`).waitFor();
    const { page: other } = await openPage(browser);
    await other.goto(`${foyer.url}/verify?token=${token}`);
    await heading(other, "Your email address is verified");
    await other.getByRole("link", { name: "Sign in" }).click();
    await heading(other, "Sign in");
    await page.getByRole("link", { name: "Go to your account" }).click();
    await heading(page, "Your account");
    expect(complaints).to.deep.equal([]);
  });

  async function addSessions(id: number) {
    for (let n = 1; n <= MANY; n += 1) {
      await foyer.sql(
        `insert into sessions (token_hash, user_id, epoch, kind, idle_seconds, expires_at, ip, user_agent, last_seen_at, created_at)
         select ?, user_id, epoch, 'kept', 9999999, now() + interval '9 days', ?, ?, now() - ?::interval, now() - ?::interval
         from sessions where user_id = ? limit 1`,
        ...[`${n}-`.padEnd(43, "x"), "2001:db8:85a3:1234:5678:8a2e:370:7334", n % 2 ? FIREFOX : "curl/8"],
        ...[`${n * 7} hours`, `${n * 40} hours`, id],
      );
    }
  }

  /** Brings a page into each state that a person sees, and calls back in each. */
  async function visit(page: Page, email: string, id: number, look: (state: string) => Promise<unknown>) {
    const unverified = newAddress();
    await foyer.register(unverified);
    await page.goto(`${foyer.url}/sign-in`);
    await look("sign in");
    await press(page, "Sign in");
    await look("nothing typed");
    await signIn(page, email, "wrong horse battery");
    await look("refused");
    await signIn(page, unverified);
    await look("not verified");
    await signIn(page, email);
    await heading(page, "Your account");
    await look("account");
    await page.goto(`${foyer.url}/verified`);
    await look("verified");
    await page.goto(`${foyer.url}/account/sessions`);
    await look("one session");
    await addSessions(id);
    await page.reload();
    expect(await page.getByRole("main").getByRole("listitem").count()).to.equal(MANY);
    await look("many sessions");
    await page.getByRole("button", { name: "Sign out of Firefox on Windows" }).first().click();
    await page.getByText("You are signed out on that device.").waitFor();
    await look("ended one");
    await page.evaluate("document.querySelector('[name=form]').value = 'x'");
    await press(page, "Sign out");
    await heading(page, "This page was out of date");
    await look("stale form");
    await page.goto(`${foyer.url}/account/sessions`);
    await press(page, "Sign out everywhere else");
    await page.getByText("You are signed out everywhere else.").waitFor();
    await look("ended others");
    await press(page, "Sign out");
    await page.getByText("You are signed out.").waitFor();
    await look("signed out");
    await page.goto(`${foyer.url}/verified`);
    await look("verified, signed out");
  }

  it("has no fault that axe finds, fits and can be tapped in every state, from 320 pixels on, light and dark", async () => {
    const { page, complaints } = await openPage(browser, { reducedMotion: "reduce" });
    const { id, email } = await newAccount(foyer, LONGEST);
    await visit(page, email, id, async (state) => {
      for (const width of [1280, 375, 320]) {
        await page.setViewportSize({ width, height: 800 });
        expect(await page.evaluate("document.documentElement.scrollWidth"), `${state} at ${width}`).to.equal(width);
      }
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await violations(page), `${state}, ${colorScheme}`).to.deep.equal([]);
      }
      for (const target of await page.locator(":is(button, .button, input, .tick):visible").all()) {
        const height = (await target.boundingBox())?.height;
        if ((await target.getAttribute("type")) !== "checkbox") expect(height, state).to.be.at.least(24);
      }
    });
    expect(complaints).to.deep.equal([]);
  });
});
