import { expect } from "chai";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { accountOf, signUp } from "../support/sign-up.ts";

let foyer: TestFoyer;

/** GET /verify with a query of that token. */
const open = (token: string) => foyer.http.get(`/verify?token=${token}`);
/** POST /verify with a token that need not be a text. */
const verifyAnything = (token: unknown) => foyer.http.post("/verify").send({ token });

describe("verifying by a link", () => {
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  describe("GET /verify with a link's token", () => {
    it("shows the address, a field for its password and one for a new one, for no cache, and verifies nothing", async () => {
      const { address, token } = await signUp(foyer);
      for (let n = 0; n < 3; n += 1) {
        const page = await open(token);
        expect(page.status).to.equal(200);
        expect(page.headers).to.include({ "cache-control": "no-store", "referrer-policy": "strict-origin" });
        expect(page.text).to.match(/name="password" autocomplete="current-password"/);
        expect(page.text).to.match(/name="newPassword" autocomplete="new-password"/);
        expect(page.text).to.include(address).and.include(`value="${token}"`);
        expect((await foyer.http.head(`/verify?token=${token}`)).status).to.equal(200);
      }
      expect((await accountOf(foyer, address)).email_verified_at).to.equal(null);
    });

    it("says that the address is verified when the link was used", async () => {
      const { token } = await signUp(foyer);
      await foyer.verify(token);
      const page = await open(token);
      expect(page.status).to.equal(200);
      expect(page.text).to.include("Your email address is verified");
    });

    it("answers 404 and offers a new email when the token is unknown, however it looks", async () => {
      for (const token of ["", "x", "a".repeat(43), "%00", "\u0000", "a".repeat(5000)]) {
        const page = await open(encodeURIComponent(token));
        expect(page.status, token).to.equal(404);
        expect(page.text).to.include("/verify/resend");
      }
    });

    it("answers 410 and offers a new email when the token has expired", async () => {
      const { token } = await signUp(foyer);
      await foyer.travel("24 hours");
      const page = await open(token);
      expect(page.status).to.equal(410);
      expect(page.text).to.include("/verify/resend").and.include("expired");
    });

    it("finds the token whatever stuck to it or broke it on its way", async () => {
      const { token } = await signUp(foyer);
      const [a, b] = [token.slice(0, 20), token.slice(20)];
      for (const damaged of [
        `${token}%20`,
        `${a}%0D%0A${b}`,
        `${a}=%0A${b}`,
        `${token}.`,
        `${token}&gt;`,
        `3D${token}`,
        `${token}&utm_source=mail`,
        `${token}&token=${token}`,
      ]) {
        const page = await open(damaged);
        expect(page.status, damaged).to.equal(200);
        expect(page.text, damaged).to.include(`name="token" value="${token}"`);
      }
    });

    it("finds the token wherever in the query it is", async () => {
      const { token } = await signUp(foyer);
      for (const query of [
        `a=1%26token=${token}`,
        `%3Ftoken=${token}`,
        `to%0Aken=${token}`,
        `%74oken=${token}`,
        token,
      ]) {
        expect((await foyer.http.get(`/verify?${query}`)).text, query).to.include(`name="token" value="${token}"`);
      }
    });

    it("shows the form for a code when the query has no token, though something else as long", async () => {
      for (const query of ["", "sent", "utm_source=mail", `id=${"a".repeat(43)}`]) {
        const page = await foyer.http.get(`/verify?${query}`);
        expect([query, page.status]).to.deep.equal([query, 200]);
        expect(page.text).to.include('name="code"');
      }
    });

    it("answers 404 when a letter stuck before the token, because a run of 44 may begin with it or end with it", async () => {
      const { token } = await signUp(foyer);
      expect((await open(`x${token}`)).status).to.equal(404);
    });

    it("takes a link whose question mark was escaped, or that has white space before it", async () => {
      const { address, token } = await signUp(foyer);
      for (const path of [
        `/verify%3Ftoken=${token}`,
        `/verify%3ftoken%3D${token}`,
        `/verify%253Ftoken%253D${token}`,
        `/verify%20?token=${token}`,
        `/verify%2520?token=${token}`,
        `/verify%20%3Ftoken=${token}`,
        `/verify%0D%0A?token=${token}&utm_source=mail`,
        `/VERIFY%3Ftoken=${token}?utm_source=mail`,
      ]) {
        const page = await foyer.http.get(path);
        expect([path, page.status, page.headers["referrer-policy"]]).to.deep.equal([path, 200, "strict-origin"]);
        expect(page.text).to.include(address).and.include(`name="token" value="${token}"`);
        expect((await foyer.http.head(path)).status).to.equal(200);
      }
    });

    it("takes no other path, and the damaged ones by no other method", async () => {
      const { token } = await signUp(foyer);
      for (const path of [
        `/verifyx?token=${token}`,
        `/verify%41?token=${token}`,
        `/verify%2Fresend%3Ftoken=${token}`,
        `/register%3Ftoken=${token}`,
        `/x/verify%3Ftoken=${token}`,
        "/verify%20",
      ]) {
        const page = await foyer.http.get(path).set("Accept", "text/html");
        expect([path, page.status]).to.deep.equal([path, 404]);
        expect(page.text).not.to.include(token);
      }
      expect((await foyer.http.post(`/verify%3Ftoken=${token}`)).status).to.equal(404);
      expect(foyer.logged()).not.to.include(token);
    });

    it("finds the token under its name in capitals", async () => {
      const { token } = await signUp(foyer);
      expect((await foyer.http.get(`/verify?TOKEN=${token}`)).text).to.include(`name="token" value="${token}"`);
    });

    it("answers 404 when there are two tokens, known or not", async () => {
      const [one, other] = [await signUp(foyer), await signUp(foyer)];
      expect((await open(`${one.token}&token=${other.token}`)).status).to.equal(404);
      expect((await open("a&token=b")).status).to.equal(404);
    });
  });

  describe("POST /verify with a link's token", () => {
    it("verifies the address, and leads a form to the page that says so", async () => {
      const { address, token } = await signUp(foyer);
      const answer = await foyer.verifyByForm(token);
      expect(answer.status).to.equal(303);
      expect(answer.headers["location"]).to.equal("/verified");
      expect((await foyer.http.get("/verified")).text).to.include("Your email address is verified");
      const account = await accountOf(foyer, address);
      expect(account.email_verified_at).to.be.instanceOf(Date);
      expect(account.unverified_expires_at).to.equal(null);
    });

    it("answers 200 with the account, and the same when the link is used again", async () => {
      const { address, token } = await signUp(foyer);
      const first = await foyer.verify(token);
      const { id } = await accountOf(foyer, address);
      for (const answer of [first, await foyer.verify(token)]) {
        expect(answer.status).to.equal(200);
        expect(answer.body).to.deep.equal({ id, email: address });
      }
      expect((await foyer.verifyByForm(token)).headers["location"]).to.equal("/verified");
    });

    it("answers 200 to each of ten who use the link at once", async () => {
      const { token } = await signUp(foyer);
      const answers = await Promise.all(Array.from({ length: 10 }, () => foyer.verify(token)));
      expect(answers.map(({ status }) => status)).to.deep.equal(Array(10).fill(200));
    });

    it("answers 404 token_unknown when the token is unknown, however it looks", async () => {
      for (const token of ["", "x", "a".repeat(43), "%00", "\u0000", "a".repeat(5000)]) {
        expectProblem(await foyer.verify(token), 404, "token_unknown");
        expect((await foyer.verifyByForm(token)).status).to.equal(404);
      }
    });

    it("answers 404 token_unknown when the token is no text", async () => {
      for (const token of [1, null, ["a"], { a: 1 }]) expectProblem(await verifyAnything(token), 404, "token_unknown");
    });

    it("finds the token whatever stuck to it or broke it on its way, by form, JSON and tRPC", async () => {
      const { address, token } = await signUp(foyer);
      for (const sent of [
        `${token} `,
        `${token.slice(0, 20)}\r\n${token.slice(20)}`,
        `<${token}>`,
        `https://accounts.example.com/verify?token=${token}.`,
      ]) {
        expect((await foyer.verifyByForm(sent)).headers["location"], sent).to.equal("/verified");
        expect((await foyer.verify(sent)).body.email, sent).to.equal(address);
        expect((await foyer.client.auth.verifyEmail.mutate({ token: sent, password: PASSWORD })).email, sent).to.equal(
          address,
        );
      }
    });

    it("takes a form with the same token twice", async () => {
      const { token } = await signUp(foyer);
      const answer = await foyer.http
        .post("/verify")
        .type("form")
        .send(`token=${token}&token=${token}&password=${PASSWORD}`);
      expect(answer.status).to.equal(303);
    });

    it("answers 404 token_unknown and verifies nothing when there are two tokens", async () => {
      const [one, other] = [await signUp(foyer), await signUp(foyer)];
      const form = await foyer.http.post("/verify").type("form").send(`token=${one.token}&token=${other.token}`);
      expect(form.status).to.equal(404);
      for (const token of [`${one.token} ${other.token}`, `${one.token}${other.token}`]) {
        expectProblem(await foyer.verify(token), 404, "token_unknown");
      }
      expect((await accountOf(foyer, one.address)).email_verified_at).to.equal(null);
    });

    it("answers 200 until its day is over", async () => {
      const { token } = await signUp(foyer);
      await foyer.travel("23 hours 59 minutes");
      expect((await foyer.verify(token)).status).to.equal(200);
    });

    it("answers 410 token_expired and verifies nothing after a day", async () => {
      const { address, token } = await signUp(foyer);
      await foyer.travel("24 hours");
      expectProblem(await foyer.verify(token), 410, "token_expired");
      expect((await accountOf(foyer, address)).email_verified_at).to.equal(null);
    });

    it("answers 415 to text/plain", async () => {
      expect((await foyer.http.post("/verify").type("text/plain").send("x")).status).to.equal(415);
    });

    it("answers 403 to a form of another site", async () => {
      const foreign = foyer.http.post("/verify").set("Sec-Fetch-Site", "cross-site").type("form");
      expect((await foreign.send({ token: "x" })).status).to.equal(403);
    });
  });

  it("stores of a token and a code their digests alone, and logs no token", async () => {
    const { token, code } = await signUp(foyer);
    const tables = ["verification_tokens", "sign_ups", "emails", "users"];
    const stored = JSON.stringify(await Promise.all(tables.map((table) => foyer.rows(table))));
    expect(stored).not.to.include(token).and.not.include(code.replace(" ", ""));
    expect(foyer.logged()).not.to.include(token);
  });

  for (const [method, path, allow] of [
    ["put", "/verify", "GET, HEAD, POST"],
    ["get", "/verify/resend", "POST"],
    ["post", "/verified", "GET, HEAD"],
    ["post", "/mailbox", "GET, HEAD"],
  ] as const) {
    it(`answers 405 to ${method.toUpperCase()} ${path}, and names the methods that it takes`, async () => {
      const answer = await foyer.http[method](path);
      expect(answer.status).to.equal(405);
      expect(answer.headers["allow"]).to.equal(allow);
    });
  }
});
