import { expect } from "chai";
import { newSignedIn, signIn, whoIs } from "../support/account.ts";
import { postSignedIn } from "../support/email-change.ts";
import { allSent, readMailbox } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newResetToken } from "../support/reset-link.ts";

describe("an account whose time has come, before the purge", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  const post = (email: string, password: string) => foyer.http.post("/sign-in").send({ email, password });

  /** An hour before the time of a deletion: somebody is signed in again, in a browser and in a program. */
  async function newLate() {
    const { id, email, cookie: first } = await newSignedIn(foyer);
    await postSignedIn(foyer, first, "/account/delete");
    await foyer.travel("6 days 23 hours");
    const { cookie } = await signIn(foyer, email);
    const { token } = await foyer.client.auth.signIn.mutate({ email, password: PASSWORD, as: "bearer" });
    return { id, email, cookie, authorization: { Authorization: `Bearer ${token}` } };
  }

  it("is signed in until the very time, and nobody's from then on", async () => {
    const { email, cookie, authorization } = await newLate();
    expect(await whoIs(foyer, cookie)).to.equal(email);
    await foyer.travel("1 hour");
    expect(await whoIs(foyer, cookie)).to.equal(undefined);
    expect((await foyer.http.get("/session").set(authorization)).body.account).to.equal(null);
    expect((await foyer.http.get("/session/check").set("Cookie", cookie)).status).to.equal(401);
    expect(await foyer.rows("sessions")).not.to.deep.equal([]);
  });

  it("can be neither kept, nor exported, nor deleted again", async () => {
    const { cookie } = await newLate();
    await foyer.travel("1 hour");
    for (const path of ["/account/keep", "/account/delete"])
      expectProblem(await postSignedIn(foyer, cookie, path), 401, "not_signed_in");
    expectProblem(await foyer.http.get("/account/export").set("Cookie", cookie), 401, "not_signed_in");
  });

  it("refuses the right password as a wrong one, word for word", async () => {
    const { email } = await newLate();
    await foyer.travel("1 hour");
    const [right, wrong] = [await post(email, PASSWORD), await post(email, "wrong horse battery")];
    expectProblem(right, 401, "invalid_credentials");
    expect(right.body).to.deep.equal(wrong.body);
    const names = ({ headers }: typeof right) => Object.keys(headers).toSorted();
    expect(names(right)).to.deep.equal(names(wrong));
  });

  it("has no password set by a link that was sent before, and is sent none", async () => {
    const { email } = await newLate();
    await foyer.travel("50 minutes");
    const token = await newResetToken(foyer, email);
    await foyer.travel("10 minutes");
    const reset = await foyer.http.post("/reset/confirm").send({ token, password: "another horse battery" });
    expectProblem(reset, 404, "token_unknown");
    expect((await foyer.http.get(`/reset?token=${token}`)).status).to.equal(404);
    await allSent(foyer);
    const before = (await readMailbox(foyer, email)).length;
    await foyer.sql("update emails set key = 'old ' || id");
    expect((await foyer.http.post("/reset").send({ email })).status).to.equal(202);
    await allSent(foyer);
    expect(await readMailbox(foyer, email)).to.have.length(before);
  });

  it("keeps its address until it is purged, and never gives its id to the next account there", async () => {
    const { id, email, cookie } = await newLate();
    await foyer.travel("1 hour");
    expectProblem(await foyer.register(email), 400, "email_taken");
    await foyer.purge();
    expectProblem(await post(email, PASSWORD), 401, "invalid_credentials");
    const anew = await foyer.register(email, "another horse battery");
    expect(anew.status).to.equal(201);
    expect(anew.body.id).to.be.greaterThan(id);
    expect(await whoIs(foyer, cookie)).to.equal(undefined);
  });
});
