import { existsSync } from "node:fs";
import type { Context } from "mocha";
import { type Browser, type BrowserContextOptions, chromium, type LaunchOptions, type Page } from "playwright-core";

const CANDIDATES = [
  process.env["CHROMIUM"] ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** Has the back button show pages from memory, as it does for people: Playwright turns that off. */
export const FROM_MEMORY: LaunchOptions = { ignoreDefaultArgs: ["--disable-back-forward-cache"] };

/** Starts Chromium; where there is none, skips the tests and says so, but under CI fails. */
export async function startBrowser(test: Context, options: LaunchOptions = {}): Promise<Browser> {
  const executablePath = CANDIDATES.find((path) => path && existsSync(path));
  if (executablePath) return chromium.launch({ executablePath, args: QUIET, ...options });
  if (process.env["CI"]) throw new Error("CI tests in a browser: install Chromium, or name one in CHROMIUM");
  process.stderr.write("    no Chromium here: the browser tests are skipped (name one in CHROMIUM)\n");
  return test.skip();
}

/** Opens a page that fails the test at the next `check` if its policy stopped anything or a script threw. */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) complaints.push(message.text());
  });
  return { page, complaints };
}
