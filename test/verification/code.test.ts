import { expect } from "chai";
import supertest from "supertest";
import { emailsTo } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { accountOf, newAddress } from "../support/sign-up.ts";

/** Another code of as many digits. */
const wrong = (code: string) => code.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10));
/** The code in the digits that a Japanese keyboard types. */
const wide = (code: string) => code.replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));

describe("POST /verify with a code", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  const newBrowser = () => supertest.agent(foyer.url);
  type Browser = ReturnType<typeof newBrowser>;

  /** A browser that has just signed up, and the code that it was sent. */
  async function browserWithCode() {
    const browser = newBrowser();
    const address = newAddress();
    const answer = await browser.post("/register").type("form").send({ email: address, password: PASSWORD });
    const [{ code }] = await emailsTo(foyer, address);
    return { browser, address, code, cookie: String(answer.headers["set-cookie"]) };
  }

  describe("in the browser of the sign-up", () => {
    it("verifies the address, and leads a form to the page that says so", async () => {
      const { browser, address, code } = await browserWithCode();
      const answer = await browser.post("/verify").type("form").send({ code });
      expect(answer.status).to.equal(303);
      expect(answer.headers["location"]).to.equal("/verified");
      expect((await accountOf(foyer, address)).email_verified_at).to.be.instanceOf(Date);
    });

    it("answers 200 when the code is used again", async () => {
      const { browser, code } = await browserWithCode();
      await browser.post("/verify").send({ code });
      expect((await browser.post("/verify").send({ code: code.replace(" ", "-") })).status).to.equal(200);
    });

    it("gives the browser another secret with each sign-up and verification, and takes the one before no more", async () => {
      const { browser, code, cookie } = await browserWithCode();
      const verified = String((await browser.post("/verify").send({ code })).headers["set-cookie"]);
      expect(verified).to.match(/^foyer-browser=[\w-]{43};/);
      expect(verified.slice(0, 57)).not.to.equal(cookie.slice(0, 57));
      const before = foyer.http.post("/verify").set("Cookie", cookie.split(";")[0] ?? "");
      expectProblem(await before.send({ code }), 400, "code_refused");
    });

    it("knows the browser by a cookie of its own", async () => {
      const { cookie } = await browserWithCode();
      expect(cookie).to.match(/^foyer-browser=[\w-]{43}; .*HttpOnly; SameSite=Lax$/);
    });

    it("compares a code with the latest sign-up of the browser alone", async () => {
      const browser = newBrowser();
      const [one, other] = [newAddress(), newAddress()];
      for (const email of [one, other]) await browser.post("/register").send({ email, password: PASSWORD });
      const [{ code }] = await emailsTo(foyer, one);
      const [latest] = await emailsTo(foyer, other);
      expectProblem(await browser.post("/verify").send({ code }), 400, "code_refused");
      expect((await browser.post("/verify").send({ code: latest.code })).body.email).to.equal(other);
      expect((await accountOf(foyer, one)).email_verified_at).to.equal(null);
    });

    it("takes the code of the latest email alone", async () => {
      const { browser, address, code } = await browserWithCode();
      await browser.post("/verify/resend").send({ email: address });
      const [latest] = await emailsTo(foyer, address, 2);
      expectProblem(await browser.post("/verify").send({ code }), 400, "code_refused");
      expect((await browser.post("/verify").send({ code: latest.code })).status).to.equal(200);
    });

    for (const [how, typedAs] of [
      ["in the digits of a Japanese keyboard", wide],
      ["with that keyboard's sign between them", (code: string) => wide(code).replace(" ", "ー")],
      ["with the sentence around it", (code: string) => `Your code is ${code}.`],
      ["with invisible characters", (code: string) => `\u202a${code.replace(" ", "\u00a0")}\u202c\n`],
    ] as const) {
      it(`takes a code typed ${how}, by form, JSON and tRPC`, async () => {
        const forms = {
          form: (code: string, browser: Browser) => browser.post("/verify").type("form").send({ code }),
          json: (code: string, browser: Browser) => browser.post("/verify").send({ code }),
          trpc: (code: string, browser: Browser) => browser.post("/trpc/auth.verifyEmail").send({ code }),
        };
        for (const [how, send] of Object.entries(forms)) {
          const { browser, code } = await browserWithCode();
          expect((await send(typedAs(code), browser)).status, how).to.be.oneOf([200, 303]);
        }
      });
    }
  });

  it("answers 400 code_refused and verifies nothing in another browser, or in none", async () => {
    const { address, code } = await browserWithCode();
    for (const other of [foyer.http, newBrowser()]) {
      expectProblem(await other.post("/verify").send({ code }), 400, "code_refused");
    }
    expect((await accountOf(foyer, address)).email_verified_at).to.equal(null);
  });

  it("answers 400 code_refused when the link beside it has expired", async () => {
    const { browser, code } = await browserWithCode();
    await foyer.travel("24 hours");
    expectProblem(await browser.post("/verify").send({ code }), 400, "code_refused");
  });

  describe("that is wrong", () => {
    it("answers 400 code_refused, and tells how many tries are left", async () => {
      const { browser, code } = await browserWithCode();
      for (const triesLeft of [4, 3, 2]) {
        const problem = expectProblem(await browser.post("/verify").send({ code: wrong(code) }), 400, "code_refused");
        expect(problem["triesLeft"]).to.equal(triesLeft);
        expect(problem["detail"]).to.include(`${triesLeft} tries left`);
      }
    });

    it("leaves five tries in all, however many emails are asked for, and then only the link", async () => {
      const { browser, address, code } = await browserWithCode();
      for (let n = 0; n < 3; n += 1) await browser.post("/verify").send({ code: wrong(code) });
      await browser.post("/verify/resend").send({ email: address });
      const [latest] = await emailsTo(foyer, address, 2);
      for (let n = 0; n < 2; n += 1) await browser.post("/verify").send({ code: wrong(latest.code) });
      const problem = expectProblem(await browser.post("/verify").send({ code: latest.code }), 400, "code_refused");
      expect(problem).to.deep.include({
        triesLeft: 0,
        detail:
          "This code cannot be used. A code works only in the browser you signed up in, and for at most five tries. Use the link in the email.",
      });
      expect((await foyer.verify(latest.token)).status).to.equal(200);
    });

    it("counts each of twenty guesses made at once", async () => {
      const { browser, code } = await browserWithCode();
      await Promise.all(Array.from({ length: 20 }, () => browser.post("/verify").send({ code: wrong(code) })));
      expect((await browser.post("/verify").send({ code })).status).to.equal(400);
    });
  });

  it("takes no code of an address once there were twenty wrong ones in a day, and does not tell", async () => {
    const limits = { count: 1000, seconds: 600 };
    const limited = await startFoyer({
      rateLimits: {
        perIp: limits,
        perEmail: limits,
        perMailbox: limits,
        perDomain: limits,
        total: limits,
        signIn: limits,
      },
    });
    const address = newAddress();
    for (let n = 0; n < 4; n += 1) {
      const stranger = supertest.agent(limited.url);
      await stranger.post("/register").send({ email: address, password: `${PASSWORD} ${n}` });
      for (let m = 0; m < 5; m += 1) await stranger.post("/verify").send({ code: "0000 0000" });
    }
    const owner = supertest.agent(limited.url);
    await owner.post("/register").send({ email: address, password: PASSWORD });
    const [{ code, token }] = await emailsTo(limited, address, 5);
    const refused = expectProblem(await owner.post("/verify").send({ code }), 400, "code_refused");
    expect(refused["triesLeft"]).to.equal(4);
    expect((await owner.post("/verify").send({ token })).status).to.equal(200);
    await limited.stop();
  });

  describe("that is no code", () => {
    for (const typed of ["", "1234", "abcd efgh", '"><b>1']) {
      it(`shows the form again with what is wrong: ${JSON.stringify(typed)}`, async () => {
        const page = await foyer.http.post("/verify").type("form").send({ code: typed });
        expect(page.status).to.equal(400);
        expect(page.text)
          .to.include("Enter the 8 digits")
          .and.match(/<title>Error: /);
        expect(page.text).to.match(/id="code"[^>]*aria-invalid="true" aria-describedby="code-error"/);
        expect(page.text).not.to.include("<b>");
      });
    }

    it("answers 400 code_refused, without triesLeft", async () => {
      for (const sent of [{}, { code: 12345678 }, []]) {
        const problem = expectProblem(await foyer.http.post("/verify").send(sent), 400, "code_refused");
        expect(problem).not.to.have.property("triesLeft");
      }
    });

    it("answers 400 to a form without one", async () => {
      expect((await foyer.http.post("/verify").type("form").send("code")).status).to.equal(400);
    });

    it("costs no try", async () => {
      const { browser, code } = await browserWithCode();
      for (let n = 0; n < 6; n += 1) await browser.post("/verify").type("form").send({ code: "1234" });
      expect((await browser.post("/verify").type("form").send({ code })).status).to.equal(303);
    });
  });
});
