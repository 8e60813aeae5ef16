import { expect } from "chai";
import { cookieOf } from "../support/account.ts";
import { emailAbout } from "../support/emails.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";

const APP = "https://app.example.com";
const BACK = `${APP}/invoices?id=1#top`;
const KEPT = `return_to=${encodeURIComponent(BACK)}`;

const REFUSED = [
  ...["https://evil.example", "//app.example.com/x", "/x", "x", "", "javascript:alert(1)", "data:text/html,x"],
  ...["http://app.example.com/x", `${APP}.evil.example`, `${APP}:8443/x`, "https://app.example.com@evil.example"],
  ...[
    "https://user:pw@app.example.com/",
    "https:\\\\evil.example",
    "https://x.app.example.com",
    "ftp://app.example.com",
  ],
  `${APP}/${"x".repeat(3000)}`,
];

describe("the way back to an app, by return_to", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ returnOrigins: [APP, "https://*.team.example"] });
  });
  after(() => foyer.stop());

  const get = (path: string, cookie = "") => foyer.http.get(path).set({ Accept: "text/html", Cookie: cookie });
  const post = (path: string, body: object) => foyer.http.post(path).type("form").send(body);
  const linkIn = (text: string) => new URL(/^http\S+token=\S+$/m.exec(text)?.[0] ?? "");

  async function newAccount() {
    const email = newAddress();
    await foyer.register(email);
    const { token } = await emailAbout(foyer, email, "Verify your email address");
    await foyer.verify(token);
    return email;
  }

  it("leads back after a sign-in, and at once whoever is signed in", async () => {
    const email = await newAccount();
    const signedIn = await post(`/sign-in?${KEPT}`, { email, password: PASSWORD });
    expect([signedIn.status, signedIn.headers["location"]]).to.deep.equal([303, BACK]);
    expect((await get(`/sign-in?${KEPT}`, cookieOf(signedIn))).headers["location"]).to.equal(BACK);
    const toSubDomain = `return_to=${encodeURIComponent("https://a.team.example/")}`;
    const other = await post(`/sign-in?${toSubDomain}`, { email, password: PASSWORD });
    expect(other.headers["location"]).to.equal("https://a.team.example/");
  });

  it("never leads to an origin that is not named, nor shows what was sent", async () => {
    const email = await newAccount();
    for (const sent of REFUSED) {
      const query = `return_to=${encodeURIComponent(sent)}`;
      const signedIn = await post(`/sign-in?${query}`, { email, password: PASSWORD });
      expect(signedIn.headers["location"], sent).to.equal("/account");
      expect((await get(`/sign-in?${query}`)).text, sent).not.to.include("return_to");
    }
    expect((await get(`/sign-in?${KEPT}&${KEPT}`)).text).not.to.include("return_to");
  });

  it("comes along through errors, and from page to page", async () => {
    for (const path of ["/register", "/sign-in", "/reset"]) {
      for (const page of [await get(`${path}?${KEPT}`), await post(`${path}?${KEPT}`, { email: "x" })]) {
        const links = Array.from(page.text.matchAll(/(?:href|action)="(\/(?!assets)[^"]*)"/g), ([, link = ""]) => link);
        expect(links).not.to.deep.equal([]);
        for (const link of links) expect(link, path).to.include(KEPT.replaceAll("=", "&#x3D;"));
      }
    }
  });

  it("comes along in the link that verifies, wherever it is opened, and ends with a way on", async () => {
    const email = newAddress();
    const registered = await post(`/register?${KEPT}`, { email, password: PASSWORD });
    expect(registered.headers["location"]).to.equal(`/welcome?${KEPT}`);
    const link = linkIn((await emailAbout(foyer, email, "Verify your email address")).text);
    expect(link.searchParams.get("return_to")).to.equal(BACK);
    const body = { token: link.searchParams.get("token"), password: PASSWORD };
    const verified = await post(`/verify?${KEPT}`, body);
    expect(verified.headers["location"]).to.equal(`/verified?${KEPT}`);
    const { text } = await get(`/verified?${KEPT}`, cookieOf(verified));
    expect(text).to.include("Continue to app.example.com").and.include("https://app.example.com/invoices?id");
  });

  it("comes along in the link that sets a password, and after it", async () => {
    const email = await newAccount();
    await post(`/reset?${KEPT}`, { email });
    const link = linkIn((await emailAbout(foyer, email, "Set a new password")).text);
    expect(link.searchParams.get("return_to")).to.equal(BACK);
    const password = "another horse battery";
    const done = await post(`/reset/confirm?${KEPT}`, { token: link.searchParams.get("token"), password });
    expect(done.headers["location"]).to.equal(`/sign-in?reset&${KEPT}`);
    const signedIn = await post(`/sign-in?reset&${KEPT}`, { email, password });
    expect(signedIn.headers["location"]).to.equal(BACK);
  });

  it("may be given by a frontend that registers by JSON or asks for an email", async () => {
    const email = newAddress();
    await foyer.http.post(`/register?${KEPT}`).send({ email, password: PASSWORD });
    const { text } = await emailAbout(foyer, email, "Verify your email address");
    expect(linkIn(text).searchParams.get("return_to")).to.equal(BACK);
  });

  it("is allowed by the policy of our pages, as browsers hold redirects after a form against it", async () => {
    const { headers } = await get("/sign-in");
    expect(headers["content-security-policy"]).to.include(`form-action 'self' ${APP} https://*.team.example`);
  });
});

describe("the way on to the app, by APP_URL", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ appUrl: new URL(`${APP}/start`), returnOrigins: [APP] });
  });
  after(() => foyer.stop());

  it("leads there after a sign-in, unless a page of ours was asked for, and from the account", async () => {
    const email = newAddress();
    await foyer.register(email);
    await foyer.verify((await emailAbout(foyer, email, "Verify your email address")).token);
    const signIn = (body: object) =>
      foyer.http
        .post("/sign-in")
        .type("form")
        .send({ email, password: PASSWORD, ...body });
    const signedIn = await signIn({});
    expect(signedIn.headers["location"]).to.equal(`${APP}/start`);
    expect((await signIn({ next: "/account/sessions" })).headers["location"]).to.equal("/account/sessions");
    const { text } = await foyer.http.get("/account").set({ Accept: "text/html", Cookie: cookieOf(signedIn) });
    expect(text).to.include("Continue to app.example.com");
  });
});
