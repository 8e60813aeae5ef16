import { expect } from "chai";
import { parseConfig } from "../../src/config/environment.ts";
import { emailsTo } from "../support/emails.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { startSmtp } from "../support/smtp.ts";
import { waitFor } from "../support/wait-for.ts";

const LOGO = "examples/theme/logo.svg";
const LINKS = {
  SUPPORT_EMAIL: "help@example.com",
  TERMS_URL: "https://example.com/terms",
  PRIVACY_URL: "https://example.com/privacy",
};

describe("a site with a brand", () => {
  let foyer: TestFoyer;
  before(async () => {
    const { brand } = parseConfig({
      SITE_NAME: 'Café & "Söhne"',
      SITE_LOGO: LOGO,
      BRAND_COLOR: "#0b6e4f",
      ...LINKS,
    });
    foyer = await startFoyer({ brand });
  });
  after(() => foyer.stop());

  const assetOf = (page: string, name: string) =>
    new RegExp(`"(/assets/[0-9a-f]{16}/${name})"`).exec(page)?.[1] ?? expect.fail(`no ${name}`);

  it("is named in titles and in the head of pages, and nowhere called Foyer", async () => {
    for (const path of ["/register", "/sign-in", "/reset", "/verify", "/welcome", "/mailbox", "/docs", "/nothing"]) {
      const { text } = await foyer.http.get(path).accept("html");
      expect(text, path).to.match(/<title>[^<]+ – Café &amp; &quot;Söhne&quot;<\/title>/);
      expect(text, path).to.include("> Café &amp; &quot;Söhne&quot;</a>");
      expect(text.replaceAll(/"[^"]*"/g, ""), path).not.to.match(/foyer/i);
    }
    expect((await foyer.http.get("/openapi.json")).body.info.title).to.equal('Café & "Söhne"');
  });

  it("has its logo as icon and in the head, served as an image that may run nothing", async () => {
    const { text } = await foyer.http.get("/register");
    const logo = assetOf(text, "logo\\.svg");
    expect(text).to.include(`<link rel="icon" href="${logo}">`).and.include(`<img src="${logo}" alt=""`);
    const { headers, status } = await foyer.http.get(logo);
    expect(status).to.equal(200);
    expect(headers["content-type"]).to.match(/^image\/svg\+xml/);
    expect(headers["x-content-type-options"]).to.equal("nosniff");
    expect(headers["content-security-policy"]).to.equal("default-src 'none'; style-src 'unsafe-inline'; sandbox");
  });

  it("has its colour in a stylesheet and in the images, without styles in pages", async () => {
    const { text } = await foyer.http.get("/register");
    const { text: css } = await foyer.http.get(assetOf(text, "colors\\.css"));
    expect(css).to.include("--foyer-accent: #0b6e4f;").and.include("--foyer-accent: #419674;");
    const welcome = (await foyer.http.get("/welcome")).text;
    const image = await foyer.http.get(assetOf(welcome, "mail\\.svg"));
    expect(String(image.body)).to.include('fill="#0b6e4f"');
    expect(text).not.to.match(/<style|style=/);
  });

  it("links to its help, its terms and its privacy policy in the foot of pages", async () => {
    const { text } = await foyer.http.get("/register");
    const [, foot = ""] = /<footer>([\s\S]*)<\/footer>/.exec(text) ?? [];
    for (const url of ["mailto:help@example.com", LINKS.TERMS_URL, LINKS.PRIVACY_URL])
      expect(foot).to.include(`<a href="${url}">`);
  });

  it("is in the subject, the words, the colour and the foot of emails, which load nothing", async () => {
    await foyer.register("alice@example.com");
    const [{ number, text }] = await emailsTo(foyer, "alice@example.com");
    const list = (await foyer.http.get("/mailbox")).text;
    expect(list).to.include("Verify your email address – Café &amp; &quot;Söhne&quot;</a>");
    const plain = text.replaceAll(/\s+/g, " ").replaceAll("&quot;", '"');
    expect(plain).to.include('signed up at Café & "Söhne" with this address');
    expect(text).to.include("Contact support: help@example.com\n").and.include(`Terms of use: ${LINKS.TERMS_URL}`);
    const html = (await foyer.http.get(`/mailbox/${number}/html`)).text;
    expect(html).to.include("background:#0b6e4f").and.include('<a href="mailto:help@example.com"');
    expect(html).to.include("<bdi>Café &amp; &quot;Söhne&quot;</bdi>");
    expect(html).not.to.match(/<(?:img|link|script)|url\(|foyer|#3a4ed5/i);
  });
});

describe("a site without a brand", () => {
  it("is Foyer, and has no links in its foot", async () => {
    const foyer = await startFoyer();
    const { text } = await foyer.http.get("/register");
    expect(text)
      .to.include("<title>Create your account – Foyer</title>")
      .and.include("/foyer.svg")
      .and.not.include('class="site-links"');
    await foyer.stop();
  });
});

describe("an email of a site with SUPPORT_EMAIL", () => {
  it("is answered there", async () => {
    const smtp = await startSmtp();
    const mail = { kind: "smtp" as const, url: smtp.url(), from: { name: "", address: "accounts@example.com" } };
    const { brand } = parseConfig({ SUPPORT_EMAIL: "help@example.com" });
    const foyer = await startFoyer({ mail, brand });
    await foyer.register("alice@example.com");
    const taken = await waitFor(async () => smtp.taken[0]);
    expect(taken.replyTo?.text).to.equal("help@example.com");
    expect(taken.from?.text).to.equal("accounts@example.com");
    await foyer.stop();
    await smtp.close();
  });
});
