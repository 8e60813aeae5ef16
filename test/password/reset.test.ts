import { expect } from "chai";
import { newAccount, newSignedIn, whoIs } from "../support/account.ts";
import { allSent, emailsTo, readMailbox } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { failure } from "../support/failure.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newResetToken } from "../support/reset-link.ts";
import { accountOf, newAddress, signUp } from "../support/sign-up.ts";
import { waitFor } from "../support/wait-for.ts";

const NEW = "another horse battery";

describe("auth.requestPasswordReset and auth.resetPassword", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  const reset = (token: unknown, password: unknown = NEW) =>
    foyer.http.post("/reset/confirm").send({ token, password });
  const signIn = (email: string, password: string) => foyer.http.post("/sign-in").send({ email, password });

  it("answer every address alike, and mail none that has no account", async () => {
    const { email } = await newAccount(foyer);
    const unknown = newAddress();
    for (const address of [email, unknown]) {
      const answer = await foyer.http.post("/reset").send({ email: address });
      expect([answer.status, answer.body]).to.deep.equal([202, { email: address }]);
    }
    await allSent(foyer);
    expect(await readMailbox(foyer, unknown)).to.deep.equal([]);
    expect((await readMailbox(foyer, email))[0]).to.include({ subject: "Set a new password" });
  });

  it("set the password, end every session and token, sign nobody in, and tell the mailbox", async () => {
    const { id, email, cookie } = await newSignedIn(foyer);
    const { body } = await foyer.http.post("/sign-in").send({ email, password: PASSWORD, as: "bearer" });
    const token = await newResetToken(foyer, email);
    const answer = await reset(token);
    expect([answer.status, answer.body]).to.deep.equal([200, { id, email, verified: true }]);
    expect(answer.headers).not.to.have.property("set-cookie");
    expect(await whoIs(foyer, cookie)).to.equal(undefined);
    const bearer = await foyer.http.get("/session").set("Authorization", `Bearer ${body.token}`);
    expect(bearer.body.account).to.equal(null);
    expect((await signIn(email, PASSWORD)).status).to.equal(401);
    expect((await signIn(email, NEW)).status).to.equal(200);
    const notice = await waitFor(async () =>
      (await readMailbox(foyer, email)).find(({ subject }) => /changed/.test(subject)),
    );
    expect(notice.text).to.match(/was changed on .+\/reset$/ms);
  });

  it("answer one of twenty who use a link at once with 200, and the others with 410 token_used", async () => {
    const { email } = await newAccount(foyer);
    const token = await newResetToken(foyer, email);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => reset(token, `${NEW} ${n}`)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).to.have.length(1);
    expect(statuses.filter((status) => status === 410)).to.have.length(19);
    const winner = statuses.indexOf(200);
    expect((await signIn(email, `${NEW} ${winner}`)).status).to.equal(200);
  });

  it("void every earlier link once a password was set", async () => {
    const { email } = await newAccount(foyer);
    const first = await newResetToken(foyer, email);
    await foyer.travel("2 minutes");
    await foyer.sql("update emails set key = 'old ' || id");
    const second = await newResetToken(foyer, email);
    expect((await reset(second)).status).to.equal(200);
    expectProblem(await reset(first), 410, "token_used");
  });

  it("leave the link as it was where the password may not be one", async () => {
    const { email } = await newAccount(foyer);
    const token = await newResetToken(foyer, email);
    for (const password of ["short", "password", email, undefined, 12345678, `${"x".repeat(300)}`]) {
      const body = expectProblem(await reset(token, password ?? null), 400, "invalid_input");
      expect(body["errors"]).to.have.nested.property("[0].field", "password");
    }
    expect((await reset(token)).status).to.equal(200);
  });

  it("take a link for thirty minutes that begin when the email leaves", async () => {
    const { email } = await newAccount(foyer);
    const token = await newResetToken(foyer, email);
    await foyer.travel("29 minutes");
    expectProblem(await reset(token, "short"), 400, "invalid_input");
    await foyer.travel("1 minute");
    expectProblem(await reset(token), 410, "token_expired");
    expect((await signIn(email, PASSWORD)).status).to.equal(200);
  });

  it("say that a link has expired until it is deleted, a week later", async () => {
    const { email } = await newAccount(foyer);
    const token = await newResetToken(foyer, email);
    await foyer.travel("6 days");
    await foyer.purge();
    expectProblem(await reset(token), 410, "token_expired");
    await foyer.travel("2 days");
    await foyer.purge();
    expectProblem(await reset(token), 404, "token_unknown");
  });

  it("take no link that verifies, nor verify by one that resets", async () => {
    const { token, address } = await signUp(foyer);
    expectProblem(await reset(token), 404, "token_unknown");
    const resets = await newResetToken(foyer, address);
    expectProblem(await foyer.verify(resets), 404, "token_unknown");
    for (const made of ["x", "", null, {}, "x".repeat(43)]) expectProblem(await reset(made), 404, "token_unknown");
  });

  it("verify the address of whoever never did, under another id, and leave others' sign-ups nothing", async () => {
    const { address, token: link } = await signUp(foyer);
    const { id } = await accountOf(foyer, address);
    const token = await newResetToken(foyer, address);
    const { body } = await reset(token);
    expect(body).to.include({ email: address, verified: true });
    expect(body.id).not.to.equal(id);
    expectProblem(await foyer.verify(link), 410, "token_used");
    expect((await signIn(address, PASSWORD)).status).to.equal(401);
    expect((await signIn(address, NEW)).status).to.equal(200);
    expectProblem(await reset(token), 410, "token_used");
  });

  it("let an owner in again whom strangers have kept out", async () => {
    const { email } = await newAccount(foyer);
    for (let n = 0; n < 101; n += 1) await signIn(email, "wrong horse battery");
    expect((await signIn(email, PASSWORD)).status).to.equal(401);
    await reset(await newResetToken(foyer, email));
    expect((await signIn(email, NEW)).status).to.equal(200);
  });

  it("set no password of a disabled account", async () => {
    const { id, email } = await newAccount(foyer);
    const token = await newResetToken(foyer, email);
    await foyer.sql("update users set disabled_at = now() where id = ?", id);
    expectProblem(await reset(token), 404, "token_unknown");
  });

  it("answer by the typed client with the same refusals", async () => {
    const { email } = await newAccount(foyer);
    const { auth } = foyer.client;
    expect(await auth.requestPasswordReset.mutate({ email })).to.deep.equal({ email });
    const { data } = await failure(auth.resetPassword.mutate({ token: "x", password: NEW }));
    expect(data?.refusal).to.deep.equal({ code: "token_unknown" });
  });

  it("lead to PUBLIC_URL, whatever Host says", async () => {
    const { email } = await newAccount(foyer);
    await foyer.http.post("/reset").set({ Host: "evil.example", "X-Forwarded-Host": "evil.example" }).send({ email });
    const [latest] = await emailsTo(foyer, email, 2);
    expect(latest.text).to.include("http://localhost:3000/reset?token=").and.not.include("evil");
  });

  describe("by page", () => {
    it("change nothing when a link is opened, by GET or HEAD, however often", async () => {
      const { email } = await newAccount(foyer);
      const token = await newResetToken(foyer, email);
      for (let n = 0; n < 3; n += 1) {
        const page = await foyer.http.get(`/reset?token=${token}`);
        expect(page.text).to.include(email).and.include(`value="${token}"`);
        expect(page.headers["referrer-policy"]).to.equal("strict-origin");
        expect((await foyer.http.head(`/reset?token=${token}`)).status).to.equal(200);
      }
      const done = await foyer.http.post("/reset/confirm").type("form").send({ token, password: NEW });
      expect([done.status, done.headers["location"]]).to.deep.equal([303, "/sign-in?reset"]);
      expect(done.headers).not.to.have.property("set-cookie");
    });

    it("show the form again with the reason, and the password never", async () => {
      const { email } = await newAccount(foyer);
      const token = await newResetToken(foyer, email);
      const refused = await foyer.http.post("/reset/confirm").type("form").send({ token, password: "horse" });
      expect(refused.status).to.equal(400);
      expect(refused.text).to.include(email).and.include("Use at least 8 characters").and.not.include('"horse"');
    });

    it("say of a link that is used up that it is, and offer another", async () => {
      const { email } = await newAccount(foyer);
      const token = await newResetToken(foyer, email);
      await reset(token);
      for (const answer of [
        await foyer.http.get(`/reset?token=${token}`),
        await foyer.http.post("/reset/confirm").type("form").send({ token, password: NEW }),
      ]) {
        expect(answer.status).to.equal(410);
        expect(answer.text).to.include('action="/reset"').and.not.include(email);
      }
    });
  });
});
