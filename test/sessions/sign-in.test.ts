import { expect } from "chai";
import { cookieOf, newAccount, newSignedIn, signIn, whoIs } from "../support/account.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { failure } from "../support/failure.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress, signUp } from "../support/sign-up.ts";

const WRONG = "wrong horse battery";

describe("auth.signIn", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  const post = (email: string, password = PASSWORD, others: object = {}) =>
    foyer.http.post("/sign-in").send({ email, password, ...others });

  it("answers 200 with the account and nothing else, and a cookie that is the session", async () => {
    const { id, email } = await newAccount(foyer);
    const answer = await post(email);
    expect([answer.status, answer.body]).to.deep.equal([200, { id, email, verified: true }]);
    expect(String(answer.headers["set-cookie"])).to.match(
      /^foyer-session=foyer_c_[\w-]{43}[\da-f]{8}; Path=\/; HttpOnly; SameSite=Lax,/,
    );
    expect(await whoIs(foyer, cookieOf(answer))).to.equal(email);
  });

  it("knows the address in any spelling that registers as the same", async () => {
    const { id, email } = await newAccount(foyer, "Mixed.Case@example.com");
    expect((await post(email.toUpperCase())).body).to.deep.equal({ id, email, verified: true });
  });

  it("gives the cookie an age where the person asks to be kept signed in", async () => {
    const { email } = await newAccount(foyer);
    const cookies = String((await post(email, PASSWORD, { keep: true })).headers["set-cookie"]);
    expect(cookies).to.match(/foyer-session=[^;]+; Max-Age=2592000; Path=\/;/);
  });

  it("answers a bearer token and sets no cookie where one is asked for", async () => {
    const { id, email } = await newAccount(foyer);
    const { status, body, headers } = await post(email, PASSWORD, { as: "bearer" });
    expect([status, headers["set-cookie"]]).to.deep.equal([200, undefined]);
    expect(body).to.have.all.keys("id", "email", "verified", "token", "expiresAt");
    expect(body.token).to.match(/^foyer_b_/);
    const days = (Date.parse(body.expiresAt) - Date.now()) / 86_400_000;
    expect(days).to.be.within(89.9, 90);
    const session = await foyer.http.get("/session").set("Authorization", `Bearer ${body.token}`);
    expect(session.body.account).to.deep.equal({ id, email, verified: true });
  });

  it("ends the session that the browser had, and gives it another token", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    const answer = await post(email).set("Cookie", cookie).set("Origin", foyer.url);
    expect(cookieOf(answer)).to.not.equal(cookie);
    expect(await whoIs(foyer, cookie)).to.equal(undefined);
    expect(await whoIs(foyer, cookieOf(answer))).to.equal(email);
  });

  it("never takes a session that somebody fixed in the browser before", async () => {
    const fixed = await newSignedIn(foyer);
    const { email } = await newAccount(foyer);
    const answer = await post(email).set("Cookie", fixed.cookie).set("Origin", foyer.url);
    expect(await whoIs(foyer, fixed.cookie)).to.equal(undefined);
    expect(await whoIs(foyer, cookieOf(answer))).to.equal(email);
  });

  describe("refused", () => {
    const refusedAlike: [string, () => Promise<{ email: string; password?: string }>][] = [
      ["an unknown address", async () => ({ email: newAddress() })],
      ["a wrong password", async () => ({ email: (await newAccount(foyer)).email, password: WRONG })],
      [
        "a password of another length",
        async () => ({ email: (await newAccount(foyer)).email, password: "é".repeat(80) }),
      ],
      [
        "a disabled account",
        async () => {
          const { id, email } = await newAccount(foyer);
          await foyer.sql("update users set disabled_at = now() where id = ?", id);
          return { email };
        },
      ],
      [
        "a wrong password of an unverified account",
        async () => ({ email: (await signUp(foyer)).address, password: WRONG }),
      ],
      [
        "an account with the hash of another system that cannot be verified",
        async () => {
          const { id, email } = await newAccount(foyer);
          await foyer.sql("update users set hashed_password = '{SHA}abc' where id = ?", id);
          return { email };
        },
      ],
    ];
    for (const [what, prepare] of refusedAlike) {
      it(`answers ${what} with 401 invalid_credentials, by JSON, tRPC and page alike`, async () => {
        const { email, password = PASSWORD } = await prepare();
        const answer = await post(email, password);
        expect(expectProblem(answer, 401, "invalid_credentials")["detail"]).to.equal(
          "The email address or the password is wrong. Check both, and try again.",
        );
        expect(answer.headers["www-authenticate"]).to.equal("Bearer");
        expect(answer.headers).not.to.have.property("set-cookie");
        const { data } = await failure(foyer.client.auth.signIn.mutate({ email, password }));
        expect(data).to.include({ code: "UNAUTHORIZED", httpStatus: 401 });
        expect(data?.refusal).to.deep.equal({ code: "invalid_credentials" });
        const page = await foyer.http.post("/sign-in").type("form").send({ email, password });
        expect(page.status).to.equal(401);
        expect(page.text)
          .to.include("The email address or the password is wrong")
          .and.include(email)
          .and.not.include(password);
      });
    }

    it("tells whoever knows the password, and nobody else, that the address is not verified", async () => {
      const { address } = await signUp(foyer);
      const answer = await post(address);
      expectProblem(answer, 403, "email_not_verified");
      expect(answer.headers).not.to.have.property("set-cookie");
      const page = await foyer.http.post("/sign-in").type("form").send({ email: address, password: PASSWORD });
      expect(page.status).to.equal(403);
      expect(page.text).to.match(/<form[^>]+action="\/verify\/resend"[\s\S]+value="n\d+@example.com"/);
    });

    it("answers 400 with the fields, and says what each should be", async () => {
      const { errors } = expectProblem(await post("nobody", ""), 400, "invalid_input") as {
        errors: { field: string }[];
      };
      expect(errors.map(({ field }) => field)).to.deep.equal(["email", "password"]);
      for (const [field, value] of [
        ["keep", "yes"],
        ["as", "cookie"],
      ] as const) {
        const body = expectProblem(await post("a@example.com", PASSWORD, { [field]: value }), 400, "invalid_input");
        expect(body["errors"]).to.have.length(1).and.to.have.nested.property("[0].field", field);
      }
    });
  });

  it("answers an account that is deleted at that moment as one that there is none of", async () => {
    const { id, email } = await newAccount(foyer);
    await foyer.sql(`create function delete_account() returns trigger language plpgsql as
      $$ begin delete from public.users where id = new.user_id; return new; end $$`);
    await foyer.sql(
      `create trigger deleted before insert on sessions for each row when (new.user_id = ${id}) execute function delete_account()`,
    );
    const answer = await post(email);
    expectProblem(answer, 401, "invalid_credentials");
    expect(answer.headers).not.to.have.property("set-cookie");
    await foyer.sql("drop function delete_account cascade");
  });

  it("takes a password that only another system let through, for it is not chosen now", async () => {
    const { id, email } = await newAccount(foyer);
    await foyer.sql(
      "update users set hashed_password = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW' where id = ?",
      id,
    );
    expect((await post(email, "U*U")).status).to.equal(200);
  });

  it("takes a browser session of Foyer's own pages alone: others ask for a token", async () => {
    const named = await startFoyer({ corsOrigins: ["https://app.example.com"] });
    const { email } = await newAccount(named);
    const ask = (others: object) =>
      named.http
        .post("/sign-in")
        .set("Origin", "https://app.example.com")
        .send({ email, password: PASSWORD, ...others });
    const refused = await ask({});
    expect(expectProblem(refused, 400, "invalid_input")["errors"]).to.have.nested.property("[0].field", "as");
    expect(refused.headers).not.to.have.property("set-cookie");
    expect((await ask({ as: "bearer" })).body.token).to.match(/^foyer_b_/);
    await named.stop();
  });

  it("sets its cookie by the streaming link of tRPC too", async () => {
    const { email } = await newAccount(foyer);
    const answer = await fetch(`${foyer.url}/trpc/auth.signIn?batch=1`, {
      method: "POST",
      headers: { "trpc-accept": "application/jsonl", "Content-Type": "application/json" },
      body: JSON.stringify({ 0: { email, password: PASSWORD } }),
    });
    const headers = { "set-cookie": answer.headers.getSetCookie() };
    expect(await whoIs(foyer, cookieOf({ headers }))).to.equal(email);
    expect(await answer.text()).to.include(email);
  });

  it("sets its cookie by a streamed batch that says twice that it is one", async () => {
    const { email } = await newAccount(foyer);
    const answer = await fetch(`${foyer.url}/trpc/auth.signOut,auth.signIn?batch=1&batch=1`, {
      method: "POST",
      headers: { "trpc-accept": "application/jsonl", "Content-Type": "application/json" },
      body: JSON.stringify({ 0: {}, 1: { email, password: PASSWORD } }),
    });
    expect(cookieOf({ headers: { "set-cookie": answer.headers.getSetCookie() } }), await answer.text()).not.to.equal(
      "",
    );
  });

  it("sets cookies under https whose names no other host can set", async () => {
    const secure = await startFoyer({
      publicUrl: new URL("https://accounts.example.com"),
      mail: { kind: "mailbox", from: { name: "", address: "a@b.example" } },
    });
    const { email } = await newAccount(secure);
    const set = async (path: string, body: object) =>
      [(await secure.http.post(path).send({ password: PASSWORD, ...body })).headers["set-cookie"]].flat();
    const cookies = [
      ...(await set("/register", { email: newAddress() })),
      ...(await set("/sign-in", { email, keep: true })),
    ];
    expect(cookies.map((cookie) => String(cookie).split("=")[0])).to.have.members([
      "__Host-foyer-browser",
      "__Host-foyer-session",
      "__Host-foyer-known",
    ]);
    for (const cookie of cookies)
      expect(cookie).to.match(/^[^;]+; Max-Age=\d+; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/);
    await secure.stop();
  });

  it("signs in a program's own way by the typed client", async () => {
    const { email } = await newAccount(foyer);
    const { token } = await foyer.client.auth.signIn.mutate({ email, password: PASSWORD, as: "bearer" });
    expect(token).to.be.a("string");
    expect((await signIn(foyer, email)).cookie).to.match(/^foyer-session=/);
  });
});
