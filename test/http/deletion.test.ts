import { expect } from "chai";
import supertest from "supertest";
import { postgresUrl } from "../support/database.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { allSent, mailsTo } from "../support/mailbox.ts";

const PASSWORD = "secret123";

for (const privacy of ["open", "discreet"] as const) {
  describe(`an account that an operator deletes by SQL, in ${privacy} mode`, () => {
    let foyer: TestFoyer;
    let email = "";
    let count = 0;
    before(async () => {
      foyer = await startFoyer({ privacy });
    });
    beforeEach(() => {
      count += 1;
      email = `alice${count}@example.com`;
    });
    after(() => foyer.stop());

    const register = (via: { post: TestFoyer["http"]["post"] } = foyer.http) => via.post("/register").send({ email, password: PASSWORD });
    const verify = (token: string) => foyer.http.post("/verify").send({ token });
    const remove = () => foyer.sql("delete from users where email_key = ?", email);
    const accounts = async () => (await foyer.users()).filter((user) => user.email_key === email);

    async function isGone(...tokens: string[]) {
      for (const token of tokens) {
        const answer = await verify(token);
        expect([answer.status, answer.body.code]).to.deep.equal([404, "token_unknown"]);
        expect((await foyer.http.get(`/verify?token=${token}`)).status).to.equal(404);
      }
      expect(await accounts()).to.deep.equal([]);
    }

    it("does not come back by the link that verified it, nor by one that lost to that", async () => {
      await register();
      const [first] = await mailsTo(foyer, email);
      await register();
      const [second] = await mailsTo(foyer, email, 2);
      expect((await verify(second.token)).status).to.equal(200);
      await remove();
      await isGone(first.token, second.token);
    });

    it("leaves its address free to be registered, and old links do not open the new account", async () => {
      await register();
      const [old] = await mailsTo(foyer, email);
      const first = await verify(old.token);
      await remove();
      const again = await register();
      expect(again.status).to.equal(201);
      expect(again.body.id).to.be.greaterThan(first.body.id);
      expect((await verify(old.token)).status).to.equal(404);
      const [letter] = await mailsTo(foyer, email, 2);
      expect((await verify(letter.token)).body).to.deep.equal({ id: again.body.id, email });
    });

    it("leaves its code without use", async () => {
      const browser = supertest.agent(foyer.url);
      await register(browser);
      const [{ code, token }] = await mailsTo(foyer, email);
      await verify(token);
      await remove();
      const answer = await browser.post("/verify").send({ code });
      expect([answer.status, answer.body.code]).to.deep.equal([400, "code_refused"]);
      expect(await accounts()).to.deep.equal([]);
    });

    it("has nothing to be sent anew", async () => {
      await register();
      const [{ token }] = await mailsTo(foyer, email);
      await verify(token);
      await remove();
      expect((await foyer.http.post("/verify/resend").send({ email })).status).to.equal(202);
      await allSent(foyer);
      expect(await mailsTo(foyer, email)).to.have.length(1);
      expect(await accounts()).to.deep.equal([]);
    });
  });
}

describe("an account that nobody has verified and that an operator deletes by SQL", () => {
  let foyer: TestFoyer;
  const email = "alice@example.com";
  beforeEach(async () => {
    foyer = await startFoyer();
  });
  afterEach(() => foyer.stop());

  const register = () => foyer.http.post("/register").send({ email, password: PASSWORD });

  it("does not come back by any link of its address, whoever's sign-up it was", async () => {
    await register();
    const [first] = await mailsTo(foyer, email);
    await register();
    const [second] = await mailsTo(foyer, email, 2);
    await foyer.sql("delete from users");
    for (const { token } of [first, second]) {
      expect((await foyer.http.post("/verify").send({ token })).body.code).to.equal("token_unknown");
    }
    expect(await foyer.users()).to.deep.equal([]);
  });

  it("is not mailed about any more", async function () {
    // Two instances.
    if (!postgresUrl) return this.skip();
    const quiet = await foyer.another({ mail: { kind: "none" } });
    await quiet.http.post("/register").send({ email: "bob@example.com", password: PASSWORD });
    await foyer.sql("delete from users where email_key = 'bob@example.com'");
    expect((await foyer.rows("mails")).filter(({ done_at }) => done_at === null)).to.deep.equal([]);
    await quiet.stop();
  });

  it("does not come back where it was deleted while discreet mode was tried", async function () {
    if (!postgresUrl) return this.skip();
    await register();
    await mailsTo(foyer, email);
    const discreet = await foyer.another({ privacy: "discreet", mail: { kind: "none" } });
    expect((await discreet.http.post("/register").send({ email, password: PASSWORD })).status).to.equal(201);
    const [letter] = await mailsTo(foyer, email, 2);
    await foyer.sql("delete from users");
    expect((await foyer.http.post("/verify").send({ token: letter.token })).body.code).to.equal("token_unknown");
    await discreet.stop();
  });
});

describe("a sign-up in discreet mode whose promised number was given to another account by SQL", () => {
  it("is verified all the same, under a number of its own", async () => {
    const foyer = await startFoyer({ privacy: "discreet" });
    const { body } = await foyer.http.post("/register").send({ email: "alice@example.com", password: PASSWORD });
    await foyer.sql("insert into users (id, email, email_key, hashed_password) values (?, 'b@example.com', 'b@example.com', 'x')", body.id);
    const [{ token }] = await mailsTo(foyer, "alice@example.com");
    const answer = await foyer.http.post("/verify").send({ token });
    expect(answer.status).to.equal(200);
    expect(answer.body.id).to.be.greaterThan(body.id);
    await foyer.stop();
  });
});
