import { expect } from "chai";
import type { Browser } from "playwright-core";
import { openPage, startBrowser } from "../support/browser.ts";
import { tokenIn } from "../support/email-change.ts";
import { emailAbout } from "../support/emails.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { findProxies, freePort, type ReverseProxy, startNginxServer } from "../support/proxy.ts";
import { newAddress } from "../support/sign-up.ts";

for (const [how, rest] of [
  ["takes it off", "/"],
  ["leaves it on", ""],
] as const) {
  describe(`a path of an origin, below which nginx ${how}`, function () {
    this.timeout(60_000);
    let foyer: TestFoyer;
    let nginx: ReverseProxy | undefined;
    let browser: Browser | undefined;
    let url: string;

    before(async function () {
      const { nginx: command } = findProxies(this, "nginx");
      browser = await startBrowser(this);
      const port = await freePort();
      url = `http://127.0.0.1:${port}/account`;
      foyer = await startFoyer({ publicUrl: new URL(`${url}/`), trustProxy: "loopback" });
      const headers =
        "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;" +
        "proxy_set_header X-Forwarded-Proto $scheme;";
      nginx = await startNginxServer(
        command,
        port,
        `location = /healthz { return 200; }
         location = /account { return 308 /account/; }
         location /account/ { proxy_pass ${foyer.url}${rest}; ${headers} }`,
      );
    });
    after(async () => {
      await browser?.close();
      await nginx?.stop();
      await foyer?.stop();
    });

    it("has all of a person's way there, from the sign-up to another address and out", async () => {
      if (!browser) throw new Error("no browser");
      const { page, complaints } = await openPage(browser);
      const missing: string[] = [];
      page.on("response", (answer) => {
        if (answer.status() === 404) missing.push(answer.url());
      });
      const press = (name: string) => page.getByRole("button", { name, exact: true }).click();
      const fill = (label: string, typed: string) => page.getByLabel(label, { exact: true }).fill(typed);
      const [email, other] = [newAddress(), newAddress()];
      await page.goto(url);
      await fill("Email address", email);
      await fill("Password", PASSWORD);
      await press("Create account");
      await page.getByRole("heading", { name: "Check your email" }).waitFor();
      const { text } = await emailAbout(foyer, email, "Verify your email address");
      await page.goto(/^http\S+\/verify\?token=\S+$/m.exec(text)?.[0] ?? "");
      await press("Verify my address");
      await page.getByRole("link", { name: "Go to your account" }).click();
      await page.getByRole("link", { name: "Where you are signed in" }).click();
      await page.getByRole("heading", { name: "This device" }).waitFor();
      expect(page.url()).to.equal(`${url}/account/sessions`);
      await page.getByRole("link", { name: "Your account" }).click();
      await page.getByRole("link", { name: "Change your email address" }).click();
      await fill("New email address", other);
      await fill("Current password", PASSWORD);
      await press("Send the link");
      await page.getByRole("status").waitFor();
      await page.goto(
        `${url}/account/email/confirm?token=${await tokenIn(foyer, other, "Confirm your new email address")}`,
      );
      await press("Confirm this address");
      await page.getByRole("status").getByText("Your email address has been changed.").waitFor();
      await press("Sign out");
      await page.getByRole("status").getByText("You are signed out.").waitFor();
      expect(page.url()).to.equal(`${url}/sign-in?out`);
      expect([missing, complaints]).to.deep.equal([[], []]);
    });
  });
}
