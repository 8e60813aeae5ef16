import { expect } from "chai";
import { createFoyerClient } from "../../src/client.ts";
import { newAccount, newSignedIn, signIn, whoIs } from "../support/account.ts";
import { postSignedIn } from "../support/email-change.ts";
import { emailAbout } from "../support/emails.ts";
import { english } from "../support/english.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { failure } from "../support/failure.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { accountOf } from "../support/sign-up.ts";

const WRONG = "wrong horse battery";
const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

describe("auth.deleteAccount", () => {
  let foyer: TestFoyer;
  let other: Awaited<ReturnType<TestFoyer["another"]>>;
  before(async () => {
    foyer = await startFoyer();
    // The embedded database has one process. It sends no emails, for each instance shows only its own.
    other = process.env["DATABASE_URL"] ? await foyer.another({ mail: { kind: "none" } }) : foyer.self();
  });
  after(async () => {
    if (process.env["DATABASE_URL"]) await other.stop();
    await foyer.stop();
  });

  const ask = (cookie: string, body: object = {}) => postSignedIn(foyer, cookie, "/account/delete", body);
  const bearerOf = async (email: string): Promise<string> =>
    (await foyer.http.post("/sign-in").send({ email, password: PASSWORD, as: "bearer" })).body.token;
  const isLeaving = async (email: string) => (await accountOf(foyer, email)).deletes_at !== null;

  it("answers 202 with the time, a week ahead, and has the browser forget its session", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    const before = Date.now();
    const answer = await ask(cookie);
    expect(answer.status).to.equal(202);
    expect(answer.body).to.have.all.keys("deletesAt");
    expect(Date.parse(answer.body.deletesAt) - WEEK_MS).to.be.within(before - 1000, Date.now() + 1000);
    expect((await accountOf(foyer, email)).deletes_at?.toISOString()).to.equal(answer.body.deletesAt);
    expect(String(answer.headers["set-cookie"])).to.match(/^foyer-session=; Max-Age=0; Path=\/;/);
    expect(answer.headers["clear-site-data"]).to.equal('"cache"');
  });

  it("ends all sessions and bearer tokens at once, at all instances, and none of another account", async () => {
    const own = await newSignedIn(foyer);
    const kept = await signIn(foyer, own.email, { keep: true });
    const token = await bearerOf(own.email);
    const stranger = await newSignedIn(foyer);
    expect((await ask(own.cookie)).status).to.equal(202);
    for (const { cookie } of [own, kept]) expect(await whoIs(other, cookie)).to.equal(undefined);
    const bearer = await other.http.get("/session").set("Authorization", `Bearer ${token}`);
    expect(bearer.body.account).to.equal(null);
    expect((await foyer.rows("sessions")).map(({ user_id }) => user_id)).not.to.include(own.id);
    expect(await whoIs(other, stranger.cookie)).to.equal(stranger.email);
  });

  it("tells the mailbox until when it may be kept", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    const { deletesAt } = (await ask(cookie)).body;
    const { text } = await emailAbout(foyer, email, "Your account will be deleted");
    expect(text.replaceAll("\n", " ")).to.include(english.time(new Date(deletesAt)));
    expect(text).to.match(/\/sign-in$/m);
  });

  it("needs an authentication of the last ten minutes, or the password", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    await foyer.sql("update sessions set authenticated_at = now() - interval '10 minutes'");
    const refused = expectProblem(await ask(cookie), 401, "reauthentication_required");
    expect(refused).to.deep.include({ methods: ["password"] });
    expectProblem(await ask(cookie, { password: WRONG }), 401, "invalid_credentials");
    expectProblem(await ask(cookie, { password: "" }), 400, "invalid_input");
    expect([await whoIs(foyer, cookie), await isLeaving(email)]).to.deep.equal([email, false]);
    expect((await ask(cookie, { password: PASSWORD })).status).to.equal(202);
    const second = await newSignedIn(foyer);
    await foyer.sql("update sessions set authenticated_at = now() - interval '9 minutes'");
    expect((await ask(second.cookie)).status).to.equal(202);
  });

  it("counts a wrong password as one that failed of this session, though the sign-in was a moment ago", async () => {
    const { id, email, cookie } = await newSignedIn(foyer);
    for (let n = 0; n < 21; n += 1) expectProblem(await ask(cookie, { password: WRONG }), 401, "invalid_credentials");
    // Twenty were the session's own; only from then on it counts as a stranger.
    const failures = (await foyer.rows("sign_in_failures")).filter(({ user_id }) => user_id === id);
    expect(failures.map((row) => row["failures"])).to.have.members([1, 21]);
    for (let n = 0; n < 100; n += 1) expectProblem(await ask(cookie, { password: WRONG }), 401, "invalid_credentials");
    expectProblem(await ask(cookie, { password: PASSWORD }), 401, "invalid_credentials");
    expect([await whoIs(foyer, cookie), await isLeaving(email)]).to.deep.equal([email, false]);
  });

  it("is nobody's to ask for, nor another origin's page's", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    expectProblem(await ask(""), 401, "not_signed_in");
    const headers = { Cookie: cookie, Origin: "https://evil.example" };
    expectProblem(await foyer.http.post("/account/delete").set(headers).send({}), 403, "forbidden");
    expectProblem(await foyer.http.post("/account/delete").set("Cookie", cookie).send({}), 403, "forbidden");
    expect(await isLeaving(email)).to.equal(false);
  });

  it("answers the typed client alike, and a program that has a token gets no cookie", async () => {
    const { email } = await newAccount(foyer);
    const { auth } = createFoyerClient(foyer.url, { token: await bearerOf(email) });
    await foyer.sql("update sessions set authenticated_at = now() - interval '1 hour'");
    const { data } = await failure(auth.deleteAccount.mutate({}));
    expect(data).to.include({ code: "UNAUTHORIZED", httpStatus: 401 });
    expect(data?.refusal).to.deep.equal({ code: "reauthentication_required", methods: ["password"] });
    const { deletesAt } = await auth.deleteAccount.mutate({ password: PASSWORD });
    expect(Date.parse(deletesAt)).to.be.above(Date.now());
    const gone = await failure(auth.deleteAccount.mutate({ password: PASSWORD }));
    expect(gone.data?.refusal).to.deep.equal({ code: "not_signed_in" });
    const authorization = { Authorization: `Bearer ${await bearerOf(email)}` };
    const answer = await foyer.http.post("/account/delete").set(authorization).send({});
    expect([answer.status, answer.headers["set-cookie"]]).to.deep.equal([202, undefined]);
  });
});
