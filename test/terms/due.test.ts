import { expect } from "chai";
import { createFoyerClient } from "../../src/client.ts";
import { cookieOf, newAccount } from "../support/account.ts";
import { postSignedIn } from "../support/email-change.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { acceptancesOf, agreeAndVerify, NEWER, TERMS } from "../support/terms.ts";

describe("a new version of the terms", () => {
  let foyer: TestFoyer;
  beforeEach(async () => {
    foyer = await startFoyer({ terms: TERMS });
  });
  afterEach(() => foyer.stop());

  const renewTerms = () => foyer.restart({ terms: NEWER });

  const signIn = (email: string) => foyer.http.post("/sign-in").send({ email, password: PASSWORD });

  it("is due to whoever signs in, by JSON, tRPC and in the session, until they agree", async () => {
    const { email, id } = await agreeAndVerify(foyer);
    await renewTerms();
    const answer = await signIn(email);
    const due = { id, email, verified: true, termsDue: NEWER };
    expect([answer.status, answer.body]).to.deep.equal([200, due]);
    const cookie = cookieOf(answer);
    const accountOf = async () => (await foyer.http.get("/session").set("Cookie", cookie)).body.account;
    expect(await accountOf()).to.deep.equal(due);
    const again = await postSignedIn(foyer, cookie, "/account/reauthenticate", { password: PASSWORD });
    const renewed = cookieOf(again);
    expect(again.body).to.deep.equal(due);
    expectProblem(await postSignedIn(foyer, renewed, "/account/terms", {}), 400, "invalid_input");
    expectProblem(
      await postSignedIn(foyer, renewed, "/account/terms", { termsVersion: TERMS.version }),
      400,
      "invalid_input",
    );
    const agreed = await postSignedIn(foyer, renewed, "/account/terms", { termsVersion: NEWER.version });
    expect([agreed.status, agreed.body]).to.deep.equal([200, { id, email, verified: true }]);
    expect((await signIn(email)).body).to.deep.equal({ id, email, verified: true });
    const own = (await acceptancesOf(foyer)).filter(({ user_id }) => user_id === id);
    expect(own.map(({ version }) => version)).to.deep.equal([TERMS.version, NEWER.version]);
    const token = (await signInFor(email)).token ?? "";
    const { auth } = createFoyerClient(foyer.url, { token });
    expect((await auth.session.query()).account).to.deep.equal({ id, email, verified: true });
    expect(await auth.acceptTerms.mutate({ termsVersion: NEWER.version })).to.deep.equal({ id, email, verified: true });
    expect((await acceptancesOf(foyer)).filter(({ user_id }) => user_id === id)).to.have.length(2);
  });

  it("is agreed to once, however many times at once somebody says so", async () => {
    const { email, id } = await agreeAndVerify(foyer);
    await renewTerms();
    const { token = "" } = await signInFor(email);
    const agreeing = () =>
      foyer.http.post("/account/terms").set("Authorization", `Bearer ${token}`).send({ termsVersion: NEWER.version });
    const answers = await Promise.all(Array.from({ length: 20 }, agreeing));
    for (const { status, body } of answers) expect([status, body]).to.deep.equal([200, { id, email, verified: true }]);
    expect((await acceptancesOf(foyer)).filter(({ user_id }) => user_id === id)).to.have.length(2);
  });

  const signInFor = (email: string) =>
    createFoyerClient(foyer.url).auth.signIn.mutate({ email, password: PASSWORD, as: "bearer" });

  it("is asked by page before all else, and then leads on to where somebody wanted to go", async () => {
    const { email } = await agreeAndVerify(foyer);
    await renewTerms();
    const form = { email, password: PASSWORD, next: "/account/password" };
    const signedIn = await foyer.http.post("/sign-in").type("form").send(form);
    const Cookie = cookieOf(signedIn);
    const page = "/account/terms?next=%2Faccount%2Fpassword";
    expect([signedIn.status, signedIn.headers["location"]]).to.deep.equal([303, page]);
    for (const path of ["/account", "/account/password", "/account/sessions", "/account/delete"]) {
      const { headers } = await foyer.http.get(path).set({ Cookie, Accept: "text/html" });
      expect([path, headers["location"]]).to.deep.equal([path, "/account/terms"]);
    }
    const { headers } = await foyer.http.get("/sign-in?next=/account").set("Cookie", Cookie);
    expect(headers["location"]).to.match(/^\/account\/terms\?next=%2Faccount(?:&|$)/);
    const shown = await foyer.http.get(page).set("Cookie", Cookie);
    expect(shown.text).to.include("Agree to the terms of use – Foyer").and.include(`href="${NEWER.url}"`);
    const [, token = ""] =
      /action="\/account\/terms[^"]*"[^>]*>\s*<input type="hidden" name="form" value="([^"]+)"/.exec(shown.text) ?? [];
    const post = (fields: object) =>
      foyer.http
        .post("/account/terms")
        .type("form")
        .set({ Cookie, Origin: foyer.url })
        .send({ form: token, ...fields });
    const unticked = await post({ next: "/account/password" });
    expect(unticked.status).to.equal(400);
    expect(unticked.text)
      .to.include("Select that you agree to the terms of use.")
      .and.include('value="/account/password"');
    expect((await post({ form: "x", termsVersion: NEWER.version })).status).to.equal(403);
    const agreed = await post({ next: "/account/password", termsVersion: NEWER.version });
    expect([agreed.status, agreed.headers["location"]]).to.deep.equal([303, "/account/password"]);
    expect((await foyer.http.get("/account").set("Cookie", Cookie)).status).to.equal(200);
    expect((await foyer.http.get("/account/terms").set("Cookie", Cookie)).headers["location"]).to.equal("/account");
  });

  it("may be left by signing out", async () => {
    const { email } = await agreeAndVerify(foyer);
    await renewTerms();
    const Cookie = cookieOf(await signIn(email));
    const { text } = await foyer.http.get("/account/terms").set("Cookie", Cookie);
    const [, token = ""] =
      /action="\/sign-out[^"]*">\s*<input type="hidden" name="form" value="([^"]+)"/.exec(text) ?? [];
    const left = await foyer.http
      .post("/sign-out")
      .type("form")
      .set({ Cookie, Origin: foyer.url })
      .send({ form: token });
    expect(left.headers["location"]).to.equal("/sign-in?out");
  });

  it("is asked of accounts from before there were any", async () => {
    await foyer.restart({ terms: undefined });
    const { email } = await newAccount(foyer);
    await renewTerms();
    expect((await signIn(email)).body.termsDue).to.deep.equal(NEWER);
  });
});

describe("auth.acceptTerms", () => {
  it("is refused to nobody, and without terms takes no version", async () => {
    const foyer = await startFoyer();
    const { email } = await newAccount(foyer);
    expectProblem(await foyer.http.post("/account/terms").send({ termsVersion: "1" }), 401, "not_signed_in");
    const cookie = cookieOf(await foyer.http.post("/sign-in").send({ email, password: PASSWORD }));
    expectProblem(await postSignedIn(foyer, cookie, "/account/terms", { termsVersion: "1" }), 400, "invalid_input");
    await foyer.stop();
  });
});

describe("what an account agreed to", () => {
  it("is part of its export, and goes with it", async () => {
    const foyer = await startFoyer({ terms: TERMS });
    const { email, id } = await agreeAndVerify(foyer);
    const cookie = cookieOf(await foyer.http.post("/sign-in").send({ email, password: PASSWORD }));
    const { acceptances } = (await foyer.http.get("/account/export").set("Cookie", cookie)).body;
    expect(acceptances).to.have.length(1);
    expect(acceptances[0]).to.have.all.keys("url", "version", "acceptedAt", "ip", "language");
    expect(acceptances[0]).to.include({ ...TERMS, ip: "127.0.0.1", language: "en" });
    await foyer.sql("update users set deletes_at = now() where id = ?", id);
    await foyer.purge();
    expect(await foyer.rows("acceptances")).to.deep.equal([]);
    await foyer.stop();
  });
});
