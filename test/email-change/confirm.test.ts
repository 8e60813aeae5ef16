import { expect } from "chai";
import { cookieOf, newSignedIn, signInStatus, whoIs } from "../support/account.ts";
import { postgresUrl } from "../support/database.ts";
import { askForChange, confirmChange } from "../support/email-change.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";

describe("auth.confirmEmailChange", () => {
  let foyer: TestFoyer;
  let other: Awaited<ReturnType<TestFoyer["another"]>>;
  before(async () => {
    foyer = await startFoyer();
    // The embedded database has one process.
    other = postgresUrl ? await foyer.another({ mail: { kind: "none" } }) : foyer.self();
  });
  after(async () => {
    if (postgresUrl) await other.stop();
    await foyer.stop();
  });

  async function asked() {
    const own = await newSignedIn(foyer);
    const to = newAddress();
    return { own, to, ...(await askForChange(foyer, own, to)) };
  }

  it("is for a POST alone: opened by GET or HEAD, however often, its page changes nothing", async () => {
    const { own, to, confirms } = await asked();
    const path = `/account/email/confirm?token=${confirms}`;
    for (let n = 0; n < 3; n += 1) {
      const page = await foyer.http.get(path);
      expect(page.status).to.equal(200);
      expect(page.text).to.include(`>${to}<`).and.not.include(own.email);
      for (const { headers } of [page, await foyer.http.head(path)]) {
        expect(headers).to.include({ "referrer-policy": "strict-origin", "cache-control": "no-store" });
        expect(headers).not.to.have.property("set-cookie");
      }
    }
    expect(await whoIs(foyer, own.cookie)).to.equal(own.email);
    expect([await signInStatus(foyer, own.email), await signInStatus(foyer, to)]).to.deep.equal([200, 401]);
    expect((await confirmChange(foyer, confirms)).status).to.equal(200);
  });

  it("changes the address for every session, at all instances, and signs nobody in", async () => {
    const { own, to, confirms } = await asked();
    const answer = await confirmChange(other, confirms);
    expect([answer.status, answer.body]).to.deep.equal([200, { id: own.id, email: to, verified: true }]);
    expect(answer.headers).not.to.have.property("set-cookie");
    for (const instance of [foyer, other]) expect(await whoIs(instance, own.cookie)).to.equal(to);
    expect([await signInStatus(foyer, own.email), await signInStatus(foyer, to)]).to.deep.equal([401, 200]);
    const check = await other.http.get("/session/check").set("Cookie", own.cookie);
    expect(check.headers["foyer-account-email"]).to.equal(encodeURIComponent(to).replace("%40", "@"));
  });

  it("by its form tells whoever is not signed in to sign in, without a cookie", async () => {
    const { to, confirms } = await asked();
    const answer = await foyer.http.post("/account/email/confirm").type("form").send({ token: confirms });
    expect([answer.status, answer.headers["location"]]).to.deep.equal([303, "/account/email/confirmed"]);
    expect(answer.headers).not.to.have.property("set-cookie");
    const again = await foyer.http.post("/account/email/confirm").type("form").send({ token: confirms });
    expect(again.status).to.equal(410);
    expect(again.headers["referrer-policy"]).to.equal("strict-origin");
    expect(again.text).to.include("This link cannot be used").and.not.include(to);
  });

  it("by its form says nothing to another account of which somebody is signed in there", async () => {
    const { confirms } = await asked();
    const { cookie } = await newSignedIn(foyer);
    const submit = foyer.http.post("/account/email/confirm").type("form").set({ Cookie: cookie, Origin: foyer.url });
    expect((await submit.send({ token: confirms })).headers["location"]).to.equal("/account/email/confirmed");
    expect((await foyer.http.get("/account/email/confirmed")).text).to.include("Your email address has been changed");
  });

  it("takes a link for 24 hours from when it was sent", async () => {
    const { own, to, confirms } = await asked();
    await foyer.travel("24 hours");
    expectProblem(await confirmChange(foyer, confirms), 410, "token_expired");
    expect((await foyer.http.get(`/account/email/confirm?token=${confirms}`)).status).to.equal(410);
    await foyer.travel("-1 minute");
    expect((await confirmChange(foyer, confirms)).body).to.include({ id: own.id, email: to });
  });

  it("answers a link that was used before with 410 token_used, for as long as there is one", async () => {
    const { own, to, confirms } = await asked();
    expect((await confirmChange(foyer, confirms)).status).to.equal(200);
    expectProblem(await confirmChange(foyer, confirms), 410, "token_used");
    await foyer.travel("2 days");
    expectProblem(await confirmChange(other, confirms), 410, "token_used");
    expect((await foyer.users()).find(({ id }) => id === own.id)?.email).to.equal(to);
  });

  it("answers one of twenty at once with 200, and nineteen with 410, at whatever instance", async () => {
    for (let round = 0; round < 5; round += 1) {
      const { own, to, confirms } = await asked();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) => confirmChange(n % 2 ? other : foyer, confirms)),
      );
      const won = answers.filter(({ status }) => status === 200);
      expect(won).to.have.length(1);
      for (const lost of answers.filter((one) => !won.includes(one))) expectProblem(lost, 410, "token_used");
      expect(await whoIs(other, own.cookie)).to.equal(to);
      const changes = (await foyer.rows("email_changes")).filter(({ user_id }) => Number(user_id) === own.id);
      expect(changes.map(({ outcome }) => outcome)).to.deep.equal(["done"]);
    }
  });

  it("has such a browser known by the streaming link of tRPC too", async () => {
    const { own, confirms } = await asked();
    const answer = await fetch(`${foyer.url}/trpc/auth.confirmEmailChange?batch=1`, {
      method: "POST",
      headers: { "trpc-accept": "application/jsonl", "Content-Type": "application/json", Cookie: own.known },
      body: JSON.stringify({ 0: { token: confirms } }),
    });
    expect(await answer.text()).to.include('"verified":true');
    expect(cookieOf({ headers: { "set-cookie": answer.headers.getSetCookie() } }, "foyer-known")).not.to.equal("");
  });

  it("has a browser that was known for the address before known for the new one, and no other", async () => {
    const { own, to, confirms } = await asked();
    const stranger = await newSignedIn(foyer);
    const atOther = await askForChange(foyer, stranger, newAddress());
    const elsewhere = await confirmChange(foyer, atOther.confirms).set("Cookie", own.known);
    expect(elsewhere.headers).not.to.have.property("set-cookie");
    const known = cookieOf(await confirmChange(foyer, confirms).set("Cookie", own.known), "foyer-known");
    expect(known).not.to.equal("");
    const attempt = (cookie: string, password: string) =>
      foyer.http.post("/sign-in").set("Cookie", cookie).send({ email: to, password });
    for (let n = 0; n < 101; n += 1) await attempt("", "wrong horse battery");
    const signedIn = [await attempt("", PASSWORD), await attempt(own.known, PASSWORD)];
    expect(signedIn.map(({ status }) => status)).to.deep.equal([401, 401]);
    expect((await attempt(known, PASSWORD)).status).to.equal(200);
  });

  it("begins anew what strangers failed at the new address before", async () => {
    const { to, confirms } = await asked();
    for (let n = 0; n < 101; n += 1) await signInStatus(foyer, to, "wrong horse battery");
    expect((await confirmChange(foyer, confirms)).status).to.equal(200);
    expect(await signInStatus(foyer, to)).to.equal(200);
  });
});
