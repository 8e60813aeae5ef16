import { expect } from "chai";
import { cookieOf, newAccount, newSignedIn, signIn, whoIs } from "../support/account.ts";
import { emailsTo } from "../support/emails.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress, signUp } from "../support/sign-up.ts";

const WRONG = "canary horse battery";

describe("the pages of signing in and out", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  const get = (path: string, cookie = "") => foyer.http.get(path).set("Cookie", cookie);
  /** As a form of our own page in a browser. */
  const submit = (path: string, fields: object, cookie = "", headers: Record<string, string> = {}) =>
    foyer.http
      .post(path)
      .set({ Cookie: cookie, "Sec-Fetch-Site": "same-origin", ...headers })
      .type("form")
      .send(fields);

  /** The hidden fields of the forms that a page sends to a path. */
  function formsOf(html: string, action: string) {
    const forms = html.split("<form").filter((form) => form.includes(`action="${action}"`));
    return forms.map((form) =>
      Object.fromEntries(
        [...form.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]),
      ),
    );
  }

  async function tokensOf(cookie: string) {
    const { text } = await get("/account/sessions", cookie);
    const [signOut] = formsOf(text, "/sign-out");
    const [end] = formsOf(text, "/sessions/end");
    return { signOut: signOut?.["form"] ?? "", end: end?.["form"] ?? "", handle: end?.["handle"] ?? "" };
  }

  /** Two sessions of one account. */
  async function newPair() {
    const own = await newSignedIn(foyer);
    return [own, await signIn(foyer, own.email)] as const;
  }

  describe("/sign-in", () => {
    it("has fields that browsers can fill, a tick, and the way to sign up", async () => {
      const { status, text } = await get("/sign-in");
      expect(status).to.equal(200);
      expect(text)
        .to.match(/<input type="email"[^>]*autocomplete="username"/)
        .and.match(/<input type="password"[^>]*autocomplete="current-password"/)
        .and.match(/<input type="checkbox" name="keep" >/)
        .and.include('<a href="/register">')
        .and.not.match(/aria-invalid|role="status"|Error/);
      expect((await get("/register")).text).to.include('<a href="/sign-in">');
    });

    it("refuses wrong credentials in one notice that describes both fields, and keeps all but the password", async () => {
      const answer = await submit("/sign-in", { email: '"><b>alice@example.com', password: WRONG, keep: "on" });
      const { email } = await newAccount(foyer);
      const refused = await submit("/sign-in", { email, password: WRONG, keep: "on" });
      expect([answer.status, refused.status]).to.deep.equal([400, 401]);
      for (const { text } of [answer, refused]) {
        expect(text)
          .to.match(/<title>Error: /)
          .and.match(/name="keep" checked/)
          .and.not.include(WRONG);
      }
      expect(answer.text).to.include('value="&quot;&gt;&lt;b&gt;alice@example.com"');
      expect(refused.text).to.include(`value="${email}"`).and.not.include("<strong>Error:");
      expect(refused.text.match(/The email address or the password is wrong/g)).to.have.length(1);
      for (const field of ["email", "password"]) {
        expect(refused.text).to.match(
          new RegExp(`id="${field}"[^>]*aria-invalid="true" aria-describedby="error-notice"`),
        );
      }
    });

    it("says at each field what is missing", async () => {
      const { status, text } = await submit("/sign-in", {});
      expect(status).to.equal(400);
      for (const field of ["email", "password"]) {
        expect(text).to.include(`<a href="#${field}">`).and.include(`id="${field}-error"`);
      }
      expect(text).to.match(/name="keep" >/);
    });

    it("offers whoever is not verified a new email to the address that was typed", async () => {
      const { address } = await signUp(foyer);
      const { status, text } = await submit("/sign-in", { email: address, password: PASSWORD });
      expect(status).to.equal(403);
      expect(text).to.include("Verify your email address first").and.not.include("aria-invalid");
      const [fields] = formsOf(text, "/verify/resend");
      expect(fields).to.deep.equal({ email: address });
      const sent = await submit("/verify/resend", fields ?? {});
      expect([sent.status, sent.headers["location"]]).to.deep.equal([303, "/verify?sent"]);
      await emailsTo(foyer, address, 2);
    });

    it("keeps the cookie for as long as the tick says", async () => {
      const { email } = await newAccount(foyer);
      const cookie = async (fields: object) =>
        String((await submit("/sign-in", { email, password: PASSWORD, ...fields })).headers["set-cookie"]);
      expect(await cookie({ keep: "on" })).to.match(/foyer-session=[^;]+; Max-Age=2592000;/);
      expect(await cookie({})).to.match(/foyer-session=[^;]+; Path/);
    });
  });

  describe("private pages", () => {
    it("are kept by no cache, and ask again when the back button shows them", async () => {
      const { email, cookie } = await newSignedIn(foyer);
      for (const path of ["/account", "/account/sessions"]) {
        const { status, text, headers } = await get(path, cookie);
        expect([status, headers["cache-control"]]).to.deep.equal([200, "no-store"]);
        expect(text).to.match(/src="[^"]+\/private\.js"/);
      }
      expect((await get("/account", cookie)).text).to.include(email);
    });

    it("lead to the form and back where nobody is signed in", async () => {
      for (const path of ["/account", "/account/sessions"]) {
        const { status, headers } = await get(path);
        expect([status, headers["location"]]).to.deep.equal([303, `/sign-in?next=${encodeURIComponent(path)}`]);
      }
    });

    it("are where the name at the top leads whoever is signed in", async () => {
      const { cookie } = await newSignedIn(foyer);
      expect((await get("/", cookie)).headers["location"]).to.equal("/account");
      expect((await get("/", "foyer-session=x")).headers["location"]).to.equal("/register");
    });

    it("say in words where and when each session began and was last seen", async () => {
      const { cookie, email } = await newSignedIn(foyer);
      const agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:141.0) Gecko/20100101 Firefox/141.0";
      await foyer.http.post("/sign-in").set("User-Agent", agent).send({ email, password: PASSWORD, keep: true });
      await foyer.sql("update sessions set ip = '203.0.113.7' where user_agent = ?", agent);
      await foyer.sql("update sessions set created_at = now() - interval '50 hours' where user_agent = ?", agent);
      await foyer.sql("update sessions set last_seen_at = now() - interval '61 minutes' where user_agent = ?", agent);
      const { text } = await get("/account/sessions", cookie);
      const [, own = "", others = ""] = text.split("<h2>");
      expect(own).to.include("This device").and.include("in the last few minutes").and.not.include("<form");
      expect(others)
        .to.include("Firefox on Windows")
        .and.include("203.0.113.7")
        .and.match(/<time datetime="[\d-]+T[\d:.]+Z" title="[^"]+ UTC">1 hour ago</)
        .and.match(/<time [^>]+>2 days ago</)
        .and.include('aria-label="Sign out of Firefox on Windows"');
    });
  });

  describe("ending sessions", () => {
    it("ends another one, says so, and is content if it had ended before", async () => {
      const [own, other] = await newPair();
      const { end, handle } = await tokensOf(own.cookie);
      for (let n = 0; n < 2; n += 1) {
        const answer = await submit("/sessions/end", { form: end, handle }, own.cookie);
        expect([answer.status, answer.headers["location"]]).to.deep.equal([303, "/account/sessions?ended=one"]);
      }
      expect(await whoIs(foyer, other.cookie)).to.equal(undefined);
      const { text } = await get("/account/sessions?ended=one", own.cookie);
      expect(text).to.include("You are signed out on that device.").and.include("You are not signed in anywhere else.");
    });

    it("ends all others, and says so", async () => {
      const [own, other] = await newPair();
      const { signOut } = await tokensOf(own.cookie);
      const answer = await submit("/sign-out", { form: signOut, scope: "others" }, own.cookie);
      expect(answer.headers["location"]).to.equal("/account/sessions?ended=others");
      expect(await whoIs(foyer, other.cookie)).to.equal(undefined);
      const { text } = await get("/account/sessions?ended=others", own.cookie);
      expect(text).to.include("You are signed out everywhere else.");
    });

    it("signs out here, has the browser forget, and does so too where the session had ended", async () => {
      const [own, other] = await newPair();
      const { signOut } = await tokensOf(own.cookie);
      for (let n = 0; n < 2; n += 1) {
        const answer = await submit("/sign-out", { form: signOut }, own.cookie);
        expect([answer.status, answer.headers["location"]]).to.deep.equal([303, "/sign-in?out"]);
        expect(String(answer.headers["set-cookie"])).to.match(/^foyer-session=; Max-Age=0; Path=\/;/);
        expect(answer.headers["clear-site-data"]).to.equal('"cache"');
      }
      expect(await whoIs(foyer, own.cookie)).to.equal(undefined);
      expect(await whoIs(foyer, other.cookie)).to.equal(own.email);
      const { text } = await get("/sign-in?out");
      expect(text)
        .to.match(/role="status"[^>]*>You are signed out\./)
        .and.include('src="/sign-out/forget"');
    });

    it("has the browser forget the page that was left, but for no other site", async () => {
      for (const [site, forgets] of [
        ["same-origin", '"cache"'],
        ["same-site", undefined],
        ["cross-site", undefined],
      ] as const) {
        const answer = await get("/sign-out/forget").set("Sec-Fetch-Site", site);
        expect([answer.status, answer.headers["clear-site-data"]]).to.deep.equal([204, forgets]);
      }
    });

    it("signs out by the handle of one's own session", async () => {
      const [own, other] = await newPair();
      const { handle } = await tokensOf(other.cookie);
      const { end } = await tokensOf(own.cookie);
      const answer = await submit("/sessions/end", { form: end, handle }, own.cookie);
      expect(answer.headers["location"]).to.equal("/sign-in?out");
      expect(await whoIs(foyer, own.cookie)).to.equal(undefined);
    });

    const FORMS = [
      ["/sign-out", "signOut", "end"],
      ["/sessions/end", "end", "signOut"],
    ] as const;
    for (const [path, own, other] of FORMS) {
      it(`takes no form ${path} without its own token of that session, and says what to do`, async () => {
        const [first, second] = await newPair();
        const [ours, theirs] = [await tokensOf(first.cookie), await tokensOf(second.cookie)];
        const { handle } = ours;
        const wrong = [undefined, "", "x", ours[other], theirs[own], `${ours[own]}x`, [ours[own], ours[own]]];
        for (const form of wrong) {
          const fields = { handle, scope: "all", ...(form !== undefined && { form }) };
          const answer = await submit(path, fields, first.cookie);
          expect(answer.status, String(form)).to.equal(403);
          expect(answer.text).to.include("This page was out of date").and.not.include(first.email);
          expect(answer.headers).not.to.have.property("clear-site-data");
        }
        for (const { cookie, email } of [first, second]) expect(await whoIs(foyer, cookie)).to.equal(email);
      });

      it(`takes no form ${path} from another site, even with the token`, async () => {
        const [first, second] = await newPair();
        const tokens = await tokensOf(first.cookie);
        const fields = { form: tokens[own], handle: tokens.handle, scope: "all" };
        for (const headers of [
          { "Sec-Fetch-Site": "cross-site" },
          { "Sec-Fetch-Site": "same-site" },
          { "Sec-Fetch-Site": "", Origin: "https://e.com" },
          { "Sec-Fetch-Site": "", Origin: "null" },
          { "Sec-Fetch-Site": "" },
        ]) {
          const answer = await submit(path, fields, first.cookie, headers);
          expect(answer.status, JSON.stringify(headers)).to.equal(403);
        }
        for (const { cookie, email } of [first, second]) expect(await whoIs(foyer, cookie)).to.equal(email);
      });
    }

    it("takes no sign-in from another site, which would be somebody else's", async () => {
      const { email } = await newAccount(foyer);
      for (const site of ["cross-site", "same-site"]) {
        const answer = await submit("/sign-in", { email, password: PASSWORD }, "", { "Sec-Fetch-Site": site });
        expect(answer.status).to.equal(403);
        expect(cookieOf(answer)).to.equal("");
      }
    });
  });

  describe("verifying", () => {
    async function newSignUp() {
      const address = newAddress();
      const device = cookieOf(await foyer.registerByForm(address), "foyer-browser");
      const [email] = await emailsTo(foyer, address);
      return { address, device, ...email };
    }

    const PROOFS = {
      "the button, in the browser of the sign-up": { here: true, fields: {} },
      "the password, elsewhere": { here: false, fields: { password: PASSWORD } },
      "a new password, elsewhere": { here: false, fields: { newPassword: "another horse battery" } },
    };
    for (const [proof, { here, fields }] of Object.entries(PROOFS)) {
      it(`signs in by ${proof}, and nobody by the same link again`, async () => {
        const { address, device, token } = await newSignUp();
        const verified = await submit("/verify", { token, ...fields }, here ? device : "");
        expect([verified.status, verified.headers["location"]]).to.deep.equal([303, "/verified"]);
        const cookie = cookieOf(verified);
        expect(await whoIs(foyer, cookie)).to.equal(address);
        const page = await get("/verified", cookie);
        expect(page.text)
          .to.include(address)
          .and.include('href="/account"')
          .and.match(/\/private\.js"/);
        for (const browser of [device, ""]) {
          const again = await submit("/verify", { token, ...fields }, browser);
          expect([again.status, cookieOf(again)]).to.deep.equal([303, ""]);
          const { text } = await get(`/verify?token=${token}`, browser);
          expect(text).to.include("is verified").and.include('href="/sign-in"').and.not.include(address);
        }
      });
    }

    it("signs in by the code, in the browser of the sign-up", async () => {
      const { address, device, code } = await newSignUp();
      expect(await whoIs(foyer, cookieOf(await submit("/verify", { code }, device)))).to.equal(address);
    });

    it("signs nobody in by a wrong password, nor by JSON, whose callers have no page to go on to", async () => {
      const { token } = await newSignUp();
      const refused = await submit("/verify", { token, password: WRONG });
      expect([refused.status, cookieOf(refused)]).to.deep.equal([403, ""]);
      const verified = await foyer.verify(token);
      expect([verified.status, cookieOf(verified)]).to.deep.equal([200, ""]);
    });
  });
});
