import { setTimeout } from "node:timers/promises";
import bcrypt from "bcrypt";
import { expect } from "chai";
import supertest from "supertest";
import { hashPassword, verifyPassword } from "../../src/hashing/password-hash.ts";
import { postgresUrl } from "../support/database.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { allSent, mailsTo } from "../support/mailbox.ts";

const ATTACKERS = "attacker's secret";
const OWNERS = "owner's own secret";

for (const privacy of ["open", "discreet"] as const) {
  describe(`an address, in ${privacy} mode`, () => {
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

    /** The rows of a table that are of this test's address. */
    const rowsOf = async (table: "users" | "sign_ups" | "mails") =>
      (await foyer.rows(table)).filter(({ email_key }) => email_key === email);

    const register = (password: string, address = email) => foyer.http.post("/register").send({ email: address, password });
    const verify = (token: string, via: { http: TestFoyer["http"] } = foyer) => via.http.post("/verify").send({ token });

    /** Which of the passwords opens the account that there is. */
    async function openedBy() {
      const users = (await foyer.users()).filter((user) => user.email_key === email);
      expect(users).to.have.length(1);
      const stored = users[0]?.hashed_password ?? "";
      const fits = await Promise.all([ATTACKERS, OWNERS].map((password) => verifyPassword(password, stored, bcrypt)));
      return [ATTACKERS, OWNERS].filter((_, n) => fits[n]);
    }

    it("belongs to who proves its mailbox, with their password, whoever registered it first", async () => {
      await register(ATTACKERS);
      const [first] = await mailsTo(foyer, email);
      const upper = email.toUpperCase().replace("EXAMPLE.COM", "example.com");
      const second = await register(OWNERS, email.toUpperCase());
      if (privacy === "open") expect([second.status, second.body.detail]).to.deep.equal([400, "Email already registered"]);
      const [letter] = await mailsTo(foyer, upper);
      const answer = await verify(letter.token);
      expect([answer.status, answer.body.email]).to.deep.equal([200, upper]);
      expect(await openedBy()).to.deep.equal([OWNERS]);
      const late = await verify(first.token);
      expect([late.status, late.body.code]).to.deep.equal([410, "token_used"]);
      expect((await foyer.http.get(`/verify?token=${first.token}`)).status).to.equal(410);
      expect(await openedBy()).to.deep.equal([OWNERS]);
    });

    it("keeps no password of a sign-up that came to nothing, nor of one that is settled", async () => {
      await register(ATTACKERS);
      await register(OWNERS);
      const [letter] = await mailsTo(foyer, email, 2);
      expect((await rowsOf("sign_ups")).map(({ hashed_password }) => hashed_password !== null)).to.deep.equal([true, true]);
      await verify(letter.token);
      const signUps = await rowsOf("sign_ups");
      expect(signUps.map(({ hashed_password }) => hashed_password)).to.deep.equal([null, null]);
      expect(signUps.map(({ outcome }) => outcome).toSorted()).to.deep.equal(["superseded", "verified"]);
    });

    it("is one person's where two prove it at the same moment, at two instances", async () => {
      // All mails are shown in one mailbox.
      const other = postgresUrl ? await foyer.another({ mail: { kind: "none" } }) : undefined;
      for (let round = 0; round < 5; round += 1) {
        email = `race${round}@example.com`;
        await register(ATTACKERS);
        await mailsTo(foyer, email);
        await register(OWNERS);
        const letters = await mailsTo(foyer, email, 2);
        const answers = await Promise.all(letters.map(({ token }, n) => verify(token, n % 2 ? other : foyer)));
        expect(answers.map(({ status }) => status).toSorted()).to.deep.equal([200, 410]);
        const users = (await foyer.users()).filter((user) => user.email === email);
        expect(users).to.have.length(1);
        const password = answers[0]?.status === 200 ? OWNERS : ATTACKERS;
        expect(await verifyPassword(password, users[0]?.hashed_password ?? "", bcrypt)).to.equal(true);
      }
      await other?.stop();
    });

    it("that is verified stays with its owner, and its mailbox is told of who tries", async () => {
      await register(OWNERS);
      const [first] = await mailsTo(foyer, email);
      await verify(first.token);
      const again = await register(ATTACKERS);
      if (privacy === "open") {
        expect([again.status, again.body.detail]).to.deep.equal([400, "Email already registered"]);
      } else {
        expect(again.status).to.equal(201);
        const [told] = await mailsTo(foyer, email, 2);
        expect([told.subject, told.token, told.code]).to.deep.equal(["You already have an account", "", ""]);
      }
      expect(await openedBy()).to.deep.equal([OWNERS]);
    });

    it("that was verified while another's sign-up waited for its mail is not given away by it", async () => {
      await register(OWNERS);
      const [mine] = await mailsTo(foyer, email);
      await register(ATTACKERS);
      const [theirs] = await mailsTo(foyer, email, 2);
      expect((await verify(mine.token)).status).to.equal(200);
      expect((await verify(theirs.token)).body.code).to.equal("token_used");
      expect(await openedBy()).to.deep.equal([OWNERS]);
    });

    it("is who signed up in this browser's, even where they open the mail of another's sign-up", async () => {
      const owner = supertest.agent(foyer.url);
      await owner.post("/register").send({ email, password: OWNERS });
      await mailsTo(foyer, email);
      await register(ATTACKERS);
      const [attackers] = await mailsTo(foyer, email, 2);
      expect(attackers.text).to.include("Careful: somebody signed up with this address at another time too");
      expect((await owner.get(`/verify?token=${attackers.token}`)).text).to.include("Careful:");
      expect((await owner.post("/verify").type("form").send({ token: attackers.token })).status).to.equal(303);
      expect(await openedBy()).to.deep.equal([OWNERS]);
    });

    it("that was registered before addresses were verified is its holder's, whose password no mail changes", async () => {
      const hash = await hashPassword(OWNERS, 4, bcrypt);
      await foyer.sql("insert into users (email, email_key, hashed_password) values (?, ?, ?)", email, email, hash);
      const answer = await register(ATTACKERS);
      expect(answer.status).to.equal(privacy === "open" ? 400 : 201);
      for (let minute = 0; minute < 2; minute += 1) {
        await foyer.http.post("/verify/resend").send({ email });
        await foyer.sql("update mails set key = key || ' ' || ?", minute);
      }
      const letters = await mailsTo(foyer, email, privacy === "open" ? 2 : 3);
      for (const { token } of letters) expect((await verify(token)).status).to.equal(200);
      expect(await openedBy()).to.deep.equal([OWNERS]);
      expect((await rowsOf("users"))[0]?.["email_verified_at"]).to.be.instanceOf(Date);
    });

    describe("that nobody verifies", () => {
      const age = (interval: string) =>
        foyer.sql(`with s as (update sign_ups set created_at = created_at - interval '${interval}'),
          m as (update mails set done_at = done_at - interval '${interval}', created_at = created_at - interval '${interval}')
          update users set confirm_by = confirm_by - interval '${interval}'`);

      it("is free again after seven days, and not before", async () => {
        await register(ATTACKERS);
        const [{ token }] = await mailsTo(foyer, email);
        await allSent(foyer);
        await age("6 days 23 hours");
        await foyer.expire();
        expect(await rowsOf("sign_ups")).to.have.length(1);
        expect(await rowsOf("users")).to.have.length(privacy === "open" ? 1 : 0);
        await age("2 hours");
        await foyer.expire();
        for (const table of ["users", "sign_ups", "mails"] as const) expect([table, await rowsOf(table)]).to.deep.equal([table, []]);
        expect((await verify(token)).body.code).to.equal("token_unknown");
        expect((await register(OWNERS)).status).to.equal(201);
      });

      it("is freed without being asked for", async () => {
        await register(ATTACKERS);
        await mailsTo(foyer, email);
        await allSent(foyer);
        await age("8 days");
        await foyer.restart();
        while ((await rowsOf("sign_ups")).length > 0) await setTimeout(20);
      });

      it("stays for whoever was sent a mail since", async () => {
        await register(OWNERS);
        await mailsTo(foyer, email);
        await allSent(foyer);
        await age("8 days");
        await foyer.http.post("/verify/resend").send({ email });
        const [{ token }] = await mailsTo(foyer, email, 2);
        await allSent(foyer);
        await foyer.expire();
        expect((await verify(token)).status).to.equal(200);
        expect(await openedBy()).to.deep.equal([OWNERS]);
      });

      it("stays while its mail could not be sent yet", async () => {
        await register(OWNERS);
        await mailsTo(foyer, email);
        await allSent(foyer);
        await age("8 days");
        await foyer.sql("update mails set done_at = null, outcome = null, due_at = now() + interval '1 hour' where email_key = ?", email);
        await foyer.expire();
        expect(await rowsOf("sign_ups")).to.have.length(1);
        await foyer.sql("delete from mails where email_key = ?", email);
      });

      it("stays where it was verified, however long ago", async () => {
        await register(OWNERS);
        const [{ token }] = await mailsTo(foyer, email);
        await verify(token);
        await allSent(foyer);
        await age("400 days");
        await foyer.expire();
        expect(await openedBy()).to.deep.equal([OWNERS]);
        expect(await rowsOf("sign_ups"), "what is settled is forgotten").to.deep.equal([]);
      });

      it("stays where it is from before addresses were verified", async () => {
        await foyer.sql("insert into users (email, email_key, hashed_password) values (?, ?, 'x')", email, email);
        await foyer.expire();
        expect(await rowsOf("users")).to.have.length(1);
      });

      it("is either verified or gone, where both happen at the same moment", async () => {
        for (let round = 0; round < 5; round += 1) {
          email = `edge${round}@example.com`;
          await register(OWNERS);
          const [{ token }] = await mailsTo(foyer, email);
          await allSent(foyer);
          await age("8 days");
          const [answer] = await Promise.all([verify(token), ...Array.from({ length: 3 }, () => foyer.expire())]);
          const [user] = await rowsOf("users");
          expect([200, 404]).to.include(answer.status);
          expect(Boolean(user?.["email_verified_at"])).to.equal(answer.status === 200);
        }
      });
    });
  });
}
