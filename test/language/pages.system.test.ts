import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { tagsIn } from "../../src/language/catalogue.ts";
import { loadLanguages } from "../../src/language/languages.ts";
import type { EmailContent } from "../../src/mail/content.ts";
import { createRender } from "../../src/mail/render.ts";
import { OutboxEmail } from "../../src/models/outbox-email.ts";
import { violations } from "../support/axe.ts";
import { openPage, startBrowser } from "../support/browser.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { PSEUDO, writePseudoViews } from "../support/pseudo.ts";
import { type Stop, tourOf } from "../support/tour.ts";

const VIEWS = new URL("../../views/", import.meta.url);
const WIDTHS = [320, 1280];
const viewsDir = writePseudoViews();
/** The tests of each page look at the English ones. */
const tags = [...tagsIn([new URL("locales/", VIEWS)]), ...Object.values(PSEUDO)].filter((tag) => tag !== "en");

async function expectToFit(page: Page, what: string) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    expect(await page.evaluate("document.documentElement.scrollWidth"), `${what} at ${width}`).to.equal(width);
  }
}

describe("every page in every language, in a browser", function () {
  this.timeout(300_000);
  let foyer: TestFoyer;
  let browser: Browser;
  let stops: Stop[] = [];
  let stop: () => Promise<unknown> = async () => {};

  before(async function () {
    browser = await startBrowser(this);
    foyer = await startFoyer({ viewsDir });
    ({ stops, stop } = await tourOf(foyer, viewsDir));
  });
  after(async () => {
    await browser?.close();
    await stop();
    await foyer?.stop();
  });

  for (const tag of tags) {
    it(`fits a phone and a desk, and axe finds nothing wrong: ${tag}`, async () => {
      const { page } = await openPage(browser);
      for (const { name, ask } of stops) {
        const { text } = await ask(tag);
        // As it is, from where its files are.
        await page.route(/\/look$/, (route) => route.fulfill({ contentType: "text/html", body: text }), { times: 1 });
        await page.goto(`${foyer.url}/look`);
        await expectToFit(page, name);
        // The API's document has dozens of parts that are alike, and is in English.
        if (name !== "/docs") expect(await violations(page), name).to.deep.equal([]);
      }
    });
  }
});

const TIME = new Date("2026-11-26T10:00:00Z");
const DEVICE = { browser: "Firefox", system: "Linux" };
const TOKEN = "t".repeat(43);

type Facts = {
  [Kind in EmailContent["kind"]]: Omit<Extract<EmailContent, { kind: Kind }>, "kind" | "to" | "language">;
};

const FACTS: Facts = {
  verify: {
    ...{ token: TOKEN, returnTo: undefined, code: "12345678", signedUpAt: TIME, device: DEVICE, validHours: 24 },
    hasCompetingSignUps: true,
  },
  "already-registered": {},
  reset: { token: TOKEN, returnTo: undefined, validMinutes: 30, hasPassword: true },
  "password-changed": { changedAt: TIME },
  "email-change": { token: TOKEN, validHours: 24 },
  "email-change-asked": { token: TOKEN, askedAt: TIME },
  "email-changed": { token: TOKEN, changedAt: TIME },
  "email-change-undone": { undoneAt: TIME },
  "deletion-asked": { deletesAt: TIME },
  "account-kept": {},
  "account-deleted": {},
  "new-sign-in": { signedInAt: TIME, device: DEVICE },
};

describe("every email in every language", function () {
  this.timeout(120_000);
  let browser: Browser;
  const languages = loadLanguages([new URL("locales/", VIEWS), new URL("locales/", viewsDir)], "Foyer");
  const render = createRender({
    views: [VIEWS],
    brand: { supportEmail: undefined, termsUrl: undefined, privacyUrl: undefined, accent: "#3a4ed5" },
    site: new URL("https://accounts.example.com"),
    from: { name: "Foyer", address: "foyer@example.com" },
    languages,
  });
  const email = OutboxEmail.fromJson({ id: 1, created_at: TIME });

  function write(kind: string, facts: object, language: string) {
    // The compiler holds the facts of each kind above.
    return render({ kind, to: "alice@example.com", language, ...facts } as EmailContent, email);
  }

  before(async function () {
    browser = await startBrowser(this);
  });
  after(() => browser?.close());

  for (const tag of tags) {
    it(`fits a phone and a desk, axe finds nothing wrong, and its lines are short: ${tag}`, async () => {
      const { page } = await openPage(browser);
      const { dir } = languages.of(tag);
      for (const [kind, facts] of Object.entries(FACTS)) {
        const { subject, text, html } = write(kind, facts, tag);
        expect(subject, kind).to.match(/\S/);
        expect(html, kind)
          .to.include(`<html lang="${tag}" dir="${dir}">`)
          .and.include(`<div role="main" lang="${tag}" dir="${dir}">`);
        const long = text.split("\n").filter((line) => line.length > 78 && /.{1,78} /.test(line));
        expect(
          long.filter((line) => !line.includes("://")),
          kind,
        ).to.deep.equal([]);
        await page.setContent(html);
        await expectToFit(page, kind);
        expect(await violations(page), kind).to.deep.equal([]);
      }
    });
  }

  for (const tag of Object.values(PSEUDO)) {
    it(`has no word that is not from the catalogue: ${tag}`, () => {
      for (const [kind, facts] of Object.entries(FACTS)) {
        const { subject, text, html } = write(kind, facts, tag);
        const read = [subject, text, html.replaceAll(/<style[\s\S]*?<\/style>|<[^>]*>/g, " ")].join(" ");
        const words = read
          .replaceAll(/https:\/\/\S+|accounts\.example\.com|Foyer|Firefox|Linux|UTC/g, " ")
          .match(/[a-z]{2,}/gi);
        expect(words ?? [], kind).to.deep.equal([]);
      }
    });
  }
});
