import { expect } from "chai";
import supertest from "supertest";
import { postgresUrl } from "../support/database.ts";
import { allSent, emailsTo } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress, signUp } from "../support/sign-up.ts";

for (const privacy of ["open", "discreet"] as const) {
  describe(`verifying an address whose verified account an operator deleted by SQL, in ${privacy} mode`, () => {
    let foyer: TestFoyer;
    let address = "";
    before(async () => {
      foyer = await startFoyer({ privacy });
    });
    beforeEach(() => {
      address = newAddress();
    });
    after(() => foyer.stop());

    const remove = () => foyer.sql("delete from users where email_key = ?", address);
    const accounts = async () => (await foyer.users()).filter((user) => user.email_key === address);

    it("answers 404 token_unknown by the link that verified it, and by one that lost to that", async () => {
      const first = await signUp(foyer, address);
      await foyer.register(address);
      const [second] = await emailsTo(foyer, address, 2);
      expect((await foyer.verify(second.token)).status).to.equal(200);
      await remove();
      for (const { token } of [first, second]) {
        expectProblem(await foyer.verify(token), 404, "token_unknown");
        expect((await foyer.http.get(`/verify?token=${token}`)).status).to.equal(404);
      }
      expect(await accounts()).to.deep.equal([]);
    });

    it("gives a new account when it was registered again, which no old link opens", async () => {
      const old = await signUp(foyer, address);
      const first = await foyer.verify(old.token);
      await remove();
      const again = await foyer.register(address);
      expect(again.status).to.equal(201);
      expect(again.body.id).to.be.greaterThan(first.body.id);
      expectProblem(await foyer.verify(old.token), 404, "token_unknown");
      const [{ token }] = await emailsTo(foyer, address, 2);
      expect((await foyer.verify(token)).body).to.deep.equal({ id: again.body.id, email: address });
    });

    it("answers 400 code_refused by its code", async () => {
      const browser = supertest.agent(foyer.url);
      await browser.post("/register").send({ email: address, password: PASSWORD });
      const [{ code, token }] = await emailsTo(foyer, address);
      await foyer.verify(token);
      await remove();
      expectProblem(await browser.post("/verify").send({ code }), 400, "code_refused");
      expect(await accounts()).to.deep.equal([]);
    });

    it("sends no new email when one is asked for", async () => {
      const { token } = await signUp(foyer, address);
      await foyer.verify(token);
      await remove();
      expect((await foyer.resend(address)).status).to.equal(202);
      await allSent(foyer);
      expect(await emailsTo(foyer, address)).to.have.length(1);
      expect(await accounts()).to.deep.equal([]);
    });
  });
}

describe("verifying an address whose unverified account an operator deleted by SQL", () => {
  let foyer: TestFoyer;
  const address = "alice@example.com";
  beforeEach(async () => {
    foyer = await startFoyer();
  });
  afterEach(() => foyer.stop());

  it("answers 404 token_unknown by every link, whoever's sign-up it was", async () => {
    const first = await signUp(foyer, address);
    await foyer.register(address);
    const [second] = await emailsTo(foyer, address, 2);
    await foyer.sql("delete from users");
    for (const { token } of [first, second]) expectProblem(await foyer.verify(token), 404, "token_unknown");
    expect(await foyer.users()).to.deep.equal([]);
  });

  it("leaves no email about it to be sent", async function () {
    // Two instances.
    if (!postgresUrl) return this.skip();
    const silent = await foyer.another({ mail: { kind: "none" } });
    await silent.http.post("/register").send({ email: "bob@example.com", password: PASSWORD });
    await foyer.sql("delete from users where email_key = 'bob@example.com'");
    expect((await foyer.rows("emails")).filter(({ finished_at }) => finished_at === null)).to.deep.equal([]);
    await silent.stop();
  });

  it("answers 404 token_unknown when it was deleted while discreet mode was tried", async function () {
    if (!postgresUrl) return this.skip();
    await signUp(foyer, address);
    const discreet = await foyer.another({ privacy: "discreet", mail: { kind: "none" } });
    const answer = await discreet.http.post("/register").send({ email: address, password: PASSWORD });
    expect(answer.status).to.equal(201);
    const [{ token }] = await emailsTo(foyer, address, 2);
    await foyer.sql("delete from users");
    expectProblem(await foyer.verify(token), 404, "token_unknown");
    await discreet.stop();
  });
});

describe("an address that was signed up again in discreet mode before an operator deleted its account by SQL", () => {
  let foyer: TestFoyer;
  const address = "alice@example.com";
  beforeEach(async () => {
    foyer = await startFoyer({ privacy: "discreet", mail: { kind: "none" } });
    await foyer.sql(
      "insert into users (email, email_key, hashed_password, email_verified_at) values (?, ?, 'x', now())",
      address,
      address,
    );
  });
  afterEach(() => foyer.stop());

  it("keeps no sign-up and no email, though the email was still waiting", async () => {
    for (const email of [address, "bob@example.com", "ALICE@example.com"]) {
      expect((await foyer.register(email)).status).to.equal(201);
    }
    await foyer.sql("delete from users");
    for (const table of ["sign_ups", "emails"]) {
      const keys = (await foyer.rows(table)).map(({ email_key }) => email_key);
      expect(keys, table).to.deep.equal(["bob@example.com"]);
    }
  });

  it("is free for a sign-up that comes while it is being deleted, and does not wait, which would tell", async function () {
    // On the embedded database one waits for the other.
    if (!postgresUrl) return this.skip();
    const deleting = await foyer.self().foyer.database.db.transaction();
    await deleting.raw("delete from public.users");
    const signedUp = await foyer.register(address);
    await deleting.commit();
    expect(signedUp.status).to.equal(201);
    expect((await foyer.rows("sign_ups")).map(({ user_id }) => user_id)).to.deep.equal([null]);
  });
});

describe("verifying an address in discreet mode when its reserved id was given to another account by SQL", () => {
  it("answers 200 with an id of its own", async () => {
    const foyer = await startFoyer({ privacy: "discreet" });
    const { body } = await foyer.register("alice@example.com");
    await foyer.sql(
      "insert into users (id, email, email_key, hashed_password) values (?, 'b@example.com', 'b@example.com', 'x')",
      body.id,
    );
    const [{ token }] = await emailsTo(foyer, "alice@example.com");
    const answer = await foyer.verify(token);
    expect(answer.status).to.equal(200);
    expect(answer.body.id).to.be.greaterThan(body.id);
    await foyer.stop();
  });
});
