import { expect } from "chai";
import { cookieOf, newSignedIn, signIn, whoIs } from "../support/account.ts";
import { emailAbout } from "../support/emails.ts";
import { english } from "../support/english.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { accountOf } from "../support/sign-up.ts";

const WRONG = "canary horse battery";

describe("the pages of an account that is to be deleted", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  const get = (path: string, cookie = "") => foyer.http.get(path).set("Cookie", cookie);
  /** As a form of our own page in a browser. */
  const submit = (path: string, fields: object, cookie = "") =>
    foyer.http.post(path).set({ Cookie: cookie, "Sec-Fetch-Site": "same-origin" }).type("form").send(fields);

  /** The token of the form with which a page posts to its own path. */
  async function formOf(path: string, cookie: string) {
    const { text } = await get(path, cookie);
    return new RegExp(`action="${path}"[\\s\\S]*?name="form" value="([^"]+)"`).exec(text)?.[1] ?? "";
  }

  async function newLeaving() {
    const { email, cookie } = await newSignedIn(foyer);
    const form = await formOf("/account/delete", cookie);
    const answer = await submit("/account/delete", { form, password: PASSWORD }, cookie);
    return { email, cookie, answer };
  }

  const signInByPage = (email: string, others: object = {}) =>
    submit("/sign-in", { email, password: PASSWORD, ...others });

  it("are found from the account, with an export before", async () => {
    const { cookie } = await newSignedIn(foyer);
    const { text } = await get("/account", cookie);
    expect(text).to.include('href="/account/delete"').and.include('href="/account/export"');
    const file = await get("/account/export", cookie).set("Accept", "text/html");
    expect(file.headers["content-disposition"]).to.equal("attachment; filename=account.json");
    expect((await get("/account/export").set("Accept", "text/html")).headers["location"]).to.equal(
      "/sign-in?next=%2Faccount",
    );
    const page = await get("/account/delete", cookie);
    expect([page.status, page.headers["cache-control"]]).to.deep.equal([200, "no-store"]);
    expect(page.text).to.include("After 7 days").and.include('href="/account/export"');
  });

  it("ask for the password, however lately it was given, and say so at its field", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    const form = await formOf("/account/delete", cookie);
    for (const [password, status, said] of [
      ["", 400, "Enter a password"],
      [WRONG, 401, "That is not your current password"],
    ] as const) {
      const { status: answered, text, headers } = await submit("/account/delete", { form, password }, cookie);
      expect([answered, headers["cache-control"]]).to.deep.equal([status, "no-store"]);
      expect(text).to.include(said).and.include('id="password-error"').and.not.include(WRONG);
    }
    expect((await submit("/account/delete", { form }, cookie)).status).to.equal(400);
    expect((await accountOf(foyer, email)).deletes_at).to.equal(null);
  });

  it("do nothing by a form of another session, and send nobody to sign in", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    const other = await newSignedIn(foyer);
    const form = await formOf("/account/delete", other.cookie);
    expect((await submit("/account/delete", { form, password: PASSWORD }, cookie)).status).to.equal(403);
    expect(await whoIs(foyer, cookie)).to.equal(email);
    for (const path of ["/account/delete", "/account/keep"]) {
      const location = `/sign-in?next=${encodeURIComponent(path)}`;
      expect((await get(path)).headers["location"]).to.equal(location);
      expect((await submit(path, { form, password: PASSWORD })).headers["location"]).to.equal(location);
    }
  });

  it("sign out, and say how long it may be kept", async () => {
    const { cookie, answer } = await newLeaving();
    expect([answer.status, answer.headers["location"]]).to.deep.equal([303, "/sign-in?leaving=7"]);
    expect(await whoIs(foyer, cookie)).to.equal(undefined);
    expect((await get("/sign-in?leaving=7")).text).to.include("Your account will be deleted in 7 days");
  });

  it("lead whoever signs in to the choice, and on from there to where they were going", async () => {
    const { email } = await newLeaving();
    for (const [next, location] of [
      [undefined, "/account/keep"],
      ["/app/?a=1", "/account/keep?next=%2Fapp%2F%3Fa%3D1"],
      ["https://evil.example/", "/account/keep"],
    ]) {
      const answer = await signInByPage(email, { next });
      expect([answer.status, answer.headers["location"]]).to.deep.equal([303, location]);
    }
    const cookie = cookieOf(await signInByPage(email));
    expect((await get("/account", cookie)).headers["location"]).to.equal("/account/keep");
    const page = await get("/account/keep?next=%2Fapp%2F%3Fa%3D1", cookie);
    const { deletes_at } = await accountOf(foyer, email);
    expect(page.text)
      .to.include(english.time(deletes_at ?? new Date(0)))
      .and.match(/action="\/sign-out["?]/);
    const [, sent] = /name="next" value="([^"]+)"/.exec(page.text) ?? [];
    expect(sent?.replaceAll("&#x3D;", "=")).to.equal("/app/?a=1");
    expect((await get("/account/keep?next=https://evil.example", cookie)).text).not.to.include("evil");
    const form = await formOf("/account/keep", cookie);
    const kept = await submit("/account/keep", { form, next: "/app/?a=1" }, cookie);
    expect([kept.status, kept.headers["location"]]).to.deep.equal([303, "/app/?a=1"]);
    expect((await accountOf(foyer, email)).deletes_at).to.equal(null);
    await emailAbout(foyer, email, "Your account will not be deleted");
  });

  it("say that it stays, and ask nobody whose account does", async () => {
    const { email } = await newLeaving();
    const { cookie } = await signIn(foyer, email);
    const stale = await submit("/account/keep", { form: "x" }, cookie);
    expect(stale.status).to.equal(403);
    const form = await formOf("/account/keep", cookie);
    const kept = await submit("/account/keep", { form, next: "//evil.example" }, cookie);
    expect(kept.headers["location"]).to.equal("/account?done=kept");
    expect((await get("/account?done=kept", cookie)).text).to.include("Your account will not be deleted.");
    expect((await get("/account/keep", cookie)).headers["location"]).to.equal("/account");
  });
});
