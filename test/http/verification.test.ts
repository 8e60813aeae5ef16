import bcrypt from "bcrypt";
import { expect } from "chai";
import supertest from "supertest";
import { verifyPassword } from "../../src/hashing/password-hash.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { allSent, mailboxOf, mailsTo } from "../support/mailbox.ts";

const PASSWORD = "secret123";

describe("an address is verified", () => {
  let foyer: TestFoyer;
  let count = 0;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  function newAddress() {
    count += 1;
    return `n${count}@example.com`;
  }

  function register(email: string, password = PASSWORD) {
    return foyer.http.post("/register").send({ email, password });
  }

  /** An account whose mail has come. */
  async function signUp(email = newAddress()) {
    await register(email);
    const [letter] = await mailsTo(foyer, email);
    return { email, ...letter };
  }

  async function userOf(address: string) {
    const user = (await foyer.users()).find(({ email }) => email === address);
    if (!user) throw new Error(`no account of ${address}`);
    return user;
  }

  const verify = (body: object) => foyer.http.post("/verify").send(body);
  const post = (body: object) => foyer.http.post("/verify").type("form").send(body);
  const agent = () => supertest.agent(foyer.url);

  describe("by a link", () => {
    it("that a GET or HEAD only shows, with one button, and a POST uses", async () => {
      const { email, token } = await signUp();
      for (let n = 0; n < 3; n += 1) {
        const page = await foyer.http.get(`/verify?token=${token}`);
        expect([page.status, page.headers["cache-control"], page.headers["referrer-policy"]]).to.deep.equal([
          200,
          "no-store",
          "strict-origin",
        ]);
        expect(page.text.match(/<button/g)).to.have.length(1);
        expect(page.text).to.include(email).and.include(`value="${token}"`);
        expect((await foyer.http.head(`/verify?token=${token}`)).status).to.equal(200);
      }
      expect((await userOf(email)).email_verified_at).to.equal(null);
      const answer = await post({ token });
      expect([answer.status, answer.headers["location"]]).to.deep.equal([303, "/verified"]);
      expect((await foyer.http.get("/verified")).text).to.include("Your email address is confirmed");
      const user = await userOf(email);
      expect(user.email_verified_at).to.be.instanceOf(Date);
      expect(user.confirm_by).to.equal(null);
    });

    it("that says, when it is used again, that it is done", async () => {
      const { email, token } = await signUp();
      const first = await verify({ token });
      const { id } = await userOf(email);
      expect([first.status, first.body]).to.deep.equal([200, { id, email }]);
      const again = await verify({ token });
      expect([again.status, again.body]).to.deep.equal([200, { id, email }]);
      const page = await foyer.http.get(`/verify?token=${token}`);
      expect([page.status, page.text.includes("Your email address is confirmed")]).to.deep.equal([200, true]);
      expect((await post({ token })).headers["location"]).to.equal("/verified");
    });

    it("that, when it is not known, says so and offers a new mail, and is no fault however it looks", async () => {
      for (const token of ["", "x", "a".repeat(43), "%00", "\u0000", "a".repeat(5000)]) {
        const page = await foyer.http.get(`/verify?token=${encodeURIComponent(token)}`);
        expect([page.status, page.text.includes("/verify/resend")]).to.deep.equal([404, true]);
        const json = await verify({ token });
        expect([json.status, json.body.code]).to.deep.equal([404, "token_unknown"]);
        expect((await post({ token })).status).to.equal(404);
      }
      for (const token of [1, null, ["a"], { a: 1 }]) expect((await verify({ token })).body.code).to.equal("token_unknown");
      expect((await foyer.http.get("/verify?token=a&token=b")).status).to.equal(404);
    });

    it("that is known whatever stuck to it or broke it on its way, through every door", async () => {
      const { email, token } = await signUp();
      const [a, b] = [token.slice(0, 20), token.slice(20)];
      const damaged = [
        `${token}%20`,
        `${a}%0D%0A${b}`,
        `${a}=%0A${b}`,
        `${token}.`,
        `${token}&gt;`,
        `3D${token}`,
        `${token}&utm_source=mail`,
      ];
      for (const one of [...damaged, `${token}&token=${token}`]) {
        const page = await foyer.http.get(`/verify?token=${one}`);
        expect([one, page.status, page.text.includes(`name="token" value="${token}"`)]).to.deep.equal([one, 200, true]);
      }
      expect((await foyer.http.get(`/verify?TOKEN=${token}`)).text).to.include(`name="token" value="${token}"`);
      for (const sent of [`${token} `, `${a}\r\n${b}`, `<${token}>`, `https://accounts.example.com/verify?token=${token}.`]) {
        expect([sent, (await post({ token: sent })).headers["location"]]).to.deep.equal([sent, "/verified"]);
        expect([sent, (await verify({ token: sent })).body.email]).to.deep.equal([sent, email]);
        expect((await foyer.client.auth.verifyEmail.mutate({ token: sent })).email).to.equal(email);
      }
      expect((await foyer.http.post("/verify").type("form").send(`token=${token}&token=${token}`)).status).to.equal(303);
    });

    it("that is not one of two", async () => {
      const [one, other] = [await signUp(), await signUp()];
      expect((await foyer.http.get(`/verify?token=${one.token}&token=${other.token}`)).status).to.equal(404);
      expect((await foyer.http.post("/verify").type("form").send(`token=${one.token}&token=${other.token}`)).status).to.equal(404);
      for (const token of [`${one.token} ${other.token}`, `${one.token}${other.token}`]) {
        expect((await verify({ token })).body.code).to.equal("token_unknown");
      }
      expect((await userOf(one.email)).email_verified_at).to.equal(null);
    });

    it("that, when it has expired, says so and offers a new mail, which then works", async () => {
      const { email, token } = await signUp();
      await foyer.sql("update verification_tokens set expires_at = now() - interval '1 second'");
      const page = await foyer.http.get(`/verify?token=${token}`);
      expect([page.status, page.text.includes("/verify/resend")]).to.deep.equal([410, true]);
      expect(page.text).to.include("expired");
      expect((await verify({ token })).body).to.include({ status: 410, code: "token_expired" });
      expect((await userOf(email)).email_verified_at).to.equal(null);
      await foyer.http.post("/verify/resend").send({ email });
      const [letter] = await mailsTo(foyer, email, 2);
      expect((await verify({ token: letter.token })).status).to.equal(200);
      expect((await verify({ token })).status, "done is done").to.equal(200);
    });

    it("of a whole day, by default", async () => {
      await signUp();
      const { rows } = await foyer.sql("select max(expires_at) - now() > interval '23 hours 59 minutes' as long from verification_tokens");
      expect(rows).to.deep.equal([{ long: true }]);
    });

    it("of which only the digest is stored", async () => {
      const { token, code } = await signUp();
      const stored = JSON.stringify(
        await Promise.all(["verification_tokens", "sign_ups", "mails", "users"].map((table) => foyer.rows(table))),
      );
      expect(stored).not.to.include(token).and.not.include(code.replace(" ", ""));
      expect(foyer.logged()).not.to.include(token);
    });

    it("through ten who use it at once, once", async () => {
      const { token } = await signUp();
      const answers = await Promise.all(Array.from({ length: 10 }, () => verify({ token })));
      expect(answers.map(({ status }) => status)).to.deep.equal(Array(10).fill(200));
    });
  });

  describe("by a code", () => {
    /** A browser that has just signed up, and the code that it was sent. */
    async function browserWithCode() {
      const browser = agent();
      const email = newAddress();
      const answer = await browser.post("/register").type("form").send({ email, password: PASSWORD });
      const [{ code }] = await mailsTo(foyer, email);
      return { browser, email, code, cookie: String(answer.headers["set-cookie"]) };
    }

    /** Another code of as many digits. */
    const wrong = (code: string) => code.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10));

    it("in the browser of the sign-up, which is known by a cookie of its own", async () => {
      const { browser, email, code, cookie } = await browserWithCode();
      expect(cookie).to.match(/^foyer-browser=[\w-]{43}; .*HttpOnly; SameSite=Lax$/);
      const answer = await browser.post("/verify").type("form").send({ code });
      expect([answer.status, answer.headers["location"]]).to.deep.equal([303, "/verified"]);
      expect((await userOf(email)).email_verified_at).to.be.instanceOf(Date);
      expect((await browser.post("/verify").send({ code: code.replace(" ", "-") })).status, "again").to.equal(200);
    });

    it("and in no other", async () => {
      const { email, code } = await browserWithCode();
      for (const other of [foyer.http, agent()]) {
        const answer = await other.post("/verify").send({ code });
        expect([answer.status, answer.body.code]).to.deep.equal([400, "code_refused"]);
      }
      expect((await userOf(email)).email_verified_at).to.equal(null);
    });

    it("within five tries, however many mails are asked for", async () => {
      const { browser, email, code } = await browserWithCode();
      const details: string[] = [];
      for (let n = 0; n < 3; n += 1) details.push((await browser.post("/verify").send({ code: wrong(code) })).body.detail);
      expect(details[0]).to.include("4 more tries");
      expect(details[2]).to.include("2 more tries");
      await browser.post("/verify/resend").send({ email });
      const [latest] = await mailsTo(foyer, email, 2);
      for (let n = 0; n < 2; n += 1) await browser.post("/verify").send({ code: wrong(latest.code) });
      const late = await browser.post("/verify").send({ code: latest.code });
      expect([late.status, late.body.detail]).to.deep.equal([
        400,
        "No code can be used here: it takes the browser of the sign-up, and at most five tries. Use the link in the email.",
      ]);
      expect((await verify({ token: latest.token })).status, "the link still works").to.equal(200);
    });

    it("of which guesses made at once are all counted", async () => {
      const { browser, code } = await browserWithCode();
      await Promise.all(Array.from({ length: 20 }, () => browser.post("/verify").send({ code: wrong(code) })));
      expect((await browser.post("/verify").send({ code })).status).to.equal(400);
    });

    it("which the form gives back with what is wrong, where it is none, and which then costs no try", async () => {
      const { browser, code } = await browserWithCode();
      for (const typed of ["", "1234", "abcd efgh", '"><b>1']) {
        const page = await browser.post("/verify").type("form").send({ code: typed });
        expect([typed, page.status]).to.deep.equal([typed, 400]);
        expect(page.text)
          .to.include("Enter the 8 digits")
          .and.match(/<title>Error: /);
        expect(page.text).to.match(/id="code"[^>]*aria-invalid="true" aria-describedby="code-error"/);
        expect(page.text).not.to.include("<b>");
      }
      for (const sent of [{}, { code: 12345678 }, [], "code"]) expect((await verify(sent as object)).status).to.equal(400);
      expect((await browser.post("/verify").type("form").send({ code })).status).to.equal(303);
    });

    const wide = (code: string) => code.replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
    for (const [how, typedAs] of [
      ["in the digits of the keyboard", wide],
      ["with its sign between them", (code: string) => wide(code).replace(" ", "ー")],
      ["with the sentence around it", (code: string) => `Your code is ${code}.`],
      ["with what does not show", (code: string) => `\u202a${code.replace(" ", "\u00a0")}\u202c\n`],
    ] as const) {
      it(`${how}, through every door`, async () => {
        const { browser, code, email, cookie } = await browserWithCode();
        const typed = typedAs(code);
        expect((await browser.post("/verify").type("form").send({ code: typed })).status).to.equal(303);
        expect((await browser.post("/verify").send({ code: typed })).body.email).to.equal(email);
        const called = await foyer.http
          .post("/trpc/auth.verifyEmail")
          .set("Cookie", cookie.split(";")[0] ?? "")
          .send({ code: typed });
        expect(called.body.result?.data.email).to.equal(email);
      });
    }

    it("of the right sign-up, where a browser made several", async () => {
      const browser = agent();
      const [one, other] = [newAddress(), newAddress()];
      for (const email of [one, other]) await browser.post("/register").send({ email, password: PASSWORD });
      const [{ code }] = await mailsTo(foyer, one);
      await mailsTo(foyer, other);
      expect((await browser.post("/verify").send({ code })).body.email).to.equal(one);
      expect((await userOf(other)).email_verified_at).to.equal(null);
    });

    it("that expires with its link", async () => {
      const { browser, code } = await browserWithCode();
      await foyer.sql("update verification_tokens set expires_at = now() - interval '1 second'");
      expect((await browser.post("/verify").send({ code })).body.code).to.equal("code_refused");
    });
  });

  describe("after a new mail", () => {
    const resend = (email: string) => foyer.http.post("/verify/resend").send({ email });

    it("which is promised alike to addresses that wait, that are verified, and that are not known", async () => {
      const waiting = await signUp();
      const verified = await signUp();
      await verify({ token: verified.token });
      const unknown = newAddress();
      for (const email of [waiting.email, verified.email, unknown]) {
        const answer = await resend(email.toUpperCase());
        expect([answer.status, answer.body]).to.deep.equal([202, { email: email.toUpperCase().replace("EXAMPLE.COM", "example.com") }]);
        const page = await foyer.http.post("/verify/resend").type("form").send({ email });
        expect([page.status, page.headers["location"]]).to.deep.equal([303, "/verify?sent"]);
      }
      expect((await foyer.http.get("/verify?sent")).text).to.include("a new email is on its way");
      const [again] = await mailsTo(foyer, waiting.email, 2);
      expect((await verify({ token: again.token })).status).to.equal(200);
      const [told] = await mailsTo(foyer, verified.email, 2);
      expect([told.subject, told.token]).to.deep.equal(["You already have an account", ""]);
      await allSent(foyer);
      expect(await mailboxOf(foyer, unknown)).to.deep.equal([]);
    });

    it("which is one, where it is asked for twice", async () => {
      const { email } = await signUp();
      await Promise.all([resend(email), resend(email), resend(email)]);
      await mailsTo(foyer, email, 2);
      await allSent(foyer);
      // A minute may have ended between them.
      expect((await mailsTo(foyer, email, 2)).length).to.be.within(2, 3);
    });

    it("for an account from before addresses were verified", async () => {
      const email = newAddress();
      await register(email);
      await allSent(foyer);
      await foyer.sql("delete from sign_ups where email_key = ?", email);
      await foyer.sql("update users set confirm_by = null where email_key = ?", email);
      await resend(email);
      const [{ token }] = await mailsTo(foyer, email, 2);
      expect((await verify({ token })).status).to.equal(200);
      expect(await verifyPassword(PASSWORD, (await userOf(email)).hashed_password, bcrypt)).to.equal(true);
    });

    it("whose address has to be one", async () => {
      const json = await resend("nobody");
      expect([json.status, json.body.errors?.[0].field]).to.deep.equal([400, "email"]);
      const page = await foyer.http.post("/verify/resend").type("form").send({ email: "no<body" });
      expect(page.status).to.equal(400);
      expect(page.text)
        .to.match(/id="email-error"/)
        .and.include('value="no&lt;body"');
    });
  });

  it("only with the methods and media types that are there", async () => {
    for (const [method, path, allow] of [
      ["put", "/verify", "GET, HEAD, POST"],
      ["get", "/verify/resend", "POST"],
      ["post", "/verified", "GET, HEAD"],
      ["post", "/mailbox", "GET, HEAD"],
    ] as const) {
      const answer = await foyer.http[method](path);
      expect([path, answer.status, answer.headers["allow"]]).to.deep.equal([path, 405, allow]);
    }
    for (const path of ["/verify", "/verify/resend"]) {
      expect((await foyer.http.post(path).type("text/plain").send("x")).status).to.equal(415);
    }
    const foreign = await foyer.http.post("/verify").set("Sec-Fetch-Site", "cross-site").type("form").send({ token: "x" });
    expect(foreign.status).to.equal(403);
  });
});
