import bcrypt from "bcrypt";
import { expect } from "chai";
import supertest from "supertest";
import { hashPassword } from "../../src/hashing/password-hash.ts";
import { fits } from "../support/bcrypt.ts";
import { postgresUrl } from "../support/database.ts";
import { emailsTo } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { failure } from "../support/failure.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { accountOf, newAddress } from "../support/sign-up.ts";

const ATTACKERS = "attacker's secret";
const OWNERS = "owner's own secret";

for (const privacy of ["open", "discreet"] as const) {
  describe(`verifying an address that several signed up, in ${privacy} mode`, () => {
    let foyer: TestFoyer;
    let address = "";
    before(async () => {
      foyer = await startFoyer({ privacy });
    });
    beforeEach(() => {
      address = newAddress();
    });
    after(() => foyer.stop());

    const signUpsOf = async () => (await foyer.rows("sign_ups")).filter(({ email_key }) => email_key === address);

    /** Which of the passwords opens the account that there is. */
    async function openedBy() {
      const users = (await foyer.users()).filter((user) => user.email_key === address);
      expect(users).to.have.length(1);
      const stored = users[0]?.hashed_password ?? "";
      const opens = await Promise.all([ATTACKERS, OWNERS].map((password) => fits(password, stored)));
      return [ATTACKERS, OWNERS].filter((_, n) => opens[n]);
    }

    /** How many passwords were hashed or compared so far. */
    async function hashes() {
      const { text } = await supertest(foyer.operatorApp).get("/metrics");
      return Number(/^foyer_hash_duration_seconds_count (\d+)$/m.exec(text)?.[1]);
    }

    /** Someone else signs the address up, and then its owner does. Gives what each was sent. */
    async function twoSignUps() {
      await foyer.register(address, ATTACKERS);
      const [theirs] = await emailsTo(foyer, address);
      await foyer.register(address, OWNERS);
      const [mine] = await emailsTo(foyer, address, 2);
      return { theirs, mine };
    }

    it("gives it to whoever proves the mailbox, with their password and as they wrote it, whoever registered first", async () => {
      await foyer.register(address, ATTACKERS);
      await emailsTo(foyer, address);
      const upper = address.toUpperCase().replace("EXAMPLE.COM", "example.com");
      const second = await foyer.register(address.toUpperCase(), OWNERS);
      if (privacy === "open")
        expect(expectProblem(second, 400, "email_taken")["detail"]).to.equal("Email already registered");
      const [{ token }] = await emailsTo(foyer, upper);
      const answer = await foyer.verify(token, OWNERS);
      expect(answer.status).to.equal(200);
      expect(answer.body.email).to.equal(upper);
      expect(await openedBy()).to.deep.equal([OWNERS]);
    });

    it("answers 410 token_used when another sign-up was verified first, and changes nothing", async () => {
      const { theirs, mine } = await twoSignUps();
      expect((await foyer.verify(mine.token, OWNERS)).status).to.equal(200);
      expectProblem(await foyer.verify(theirs.token, ATTACKERS), 410, "token_used");
      expect((await foyer.http.get(`/verify?token=${theirs.token}`)).status).to.equal(410);
      expect(await openedBy()).to.deep.equal([OWNERS]);
    });

    it("answers 410 token_used to a later sign-up, too, when an earlier one was verified", async () => {
      await foyer.register(address, OWNERS);
      const [mine] = await emailsTo(foyer, address);
      await foyer.register(address, ATTACKERS);
      const [theirs] = await emailsTo(foyer, address, 2);
      expect((await foyer.verify(mine.token, OWNERS)).status).to.equal(200);
      expectProblem(await foyer.verify(theirs.token, ATTACKERS), 410, "token_used");
      expect(await openedBy()).to.deep.equal([OWNERS]);
    });

    it("forgets the passwords of all its sign-ups", async () => {
      await foyer.register(address, ATTACKERS);
      await foyer.register(address, OWNERS);
      const [{ token }] = await emailsTo(foyer, address, 2);
      const before = await signUpsOf();
      expect(before.map(({ hashed_password }) => hashed_password !== null)).to.deep.equal([true, true]);
      await foyer.http.post("/verify").send({ token, newPassword: OWNERS });
      const after = await signUpsOf();
      expect(after.map(({ hashed_password }) => hashed_password)).to.deep.equal([null, null]);
      expect(after.map(({ outcome }) => outcome).toSorted()).to.deep.equal(["superseded", "verified"]);
    });

    it("gives it to one of two who prove it at the same moment, at two instances", async () => {
      // All emails are shown in one mailbox.
      const other = postgresUrl ? await foyer.another({ mail: { kind: "none" } }) : undefined;
      const twice = Array.from({ length: 5 }, async () => {
        const one = newAddress();
        await foyer.register(one, ATTACKERS);
        await emailsTo(foyer, one);
        await foyer.register(one, OWNERS);
        return [one, await emailsTo(foyer, one, 2)] as const;
      });
      for (const [one, emails] of await Promise.all(twice)) {
        address = one;
        const answers = await Promise.all(
          emails.map(({ token }, n) =>
            ((n % 2 && other) || foyer).http.post("/verify").send({ token, password: n === 0 ? OWNERS : ATTACKERS }),
          ),
        );
        expect(answers.map(({ status }) => status).toSorted()).to.deep.equal([200, 410]);
        expect(await openedBy()).to.deep.equal([answers[0]?.status === 200 ? OWNERS : ATTACKERS]);
      }
      await other?.stop();
    });

    it("leaves it with its owner when someone registers it again, and the mailbox is told", async () => {
      await foyer.register(address, OWNERS);
      const [first] = await emailsTo(foyer, address);
      await foyer.verify(first.token, OWNERS);
      const again = await foyer.register(address, ATTACKERS);
      if (privacy === "open") {
        expect(expectProblem(again, 400, "email_taken")["detail"]).to.equal("Email already registered");
      } else {
        expect(again.status).to.equal(201);
        const [told] = await emailsTo(foyer, address, 2);
        expect(told).to.include({ subject: "You already have an account", token: "", code: "" });
      }
      expect(await openedBy()).to.deep.equal([OWNERS]);
    });

    it("gives it to the sign-up of this browser, even by the email of another's", async () => {
      const owner = supertest.agent(foyer.url);
      await owner.post("/register").send({ email: address, password: OWNERS });
      await emailsTo(foyer, address);
      await foyer.register(address, ATTACKERS);
      const [attackers] = await emailsTo(foyer, address, 2);
      expect((await owner.post("/verify").type("form").send({ token: attackers.token })).status).to.equal(303);
      expect(await openedBy()).to.deep.equal([OWNERS]);
    });

    it("warns in the email and on the page wherever someone asked for another password, whatever browser asked", async () => {
      const owner = supertest.agent(foyer.url);
      await owner.post("/register").send({ email: address, password: OWNERS });
      await emailsTo(foyer, address);
      await owner.post("/register").send({ email: address, password: ATTACKERS });
      const [attackers] = await emailsTo(foyer, address, 2);
      expect(attackers.text).to.include("Careful: somebody signed up with this address more than once");
      for (const browser of [owner, foyer.http]) {
        expect((await browser.get(`/verify?token=${attackers.token}`)).text).to.include("Careful:");
      }
    });

    describe("by a link outside the browser of its sign-up", () => {
      const verify = (body: object) => foyer.http.post("/verify").send(body);

      it("answers 403 password_required to the press of a button alone, by JSON, tRPC and page, and verifies nothing", async () => {
        await foyer.register(address, ATTACKERS);
        const [{ token }] = await emailsTo(foyer, address);
        expectProblem(await verify({ token }), 403, "password_required");
        expectProblem(await verify({ token, password: "" }), 403, "password_required");
        const { data } = await failure(foyer.client.auth.verifyEmail.mutate({ token }));
        expect(data).to.deep.include({ code: "FORBIDDEN", refusal: { code: "password_required" } });
        const page = await foyer.http.post("/verify").type("form").send({ token });
        expect(page.status).to.equal(403);
        expect(page.text).to.match(/id="password-error">.*Enter the password you chose/);
        expect(
          (await foyer.users()).filter(
            ({ email_verified_at, email_key }) => email_verified_at && email_key === address,
          ),
        ).to.deep.equal([]);
      });

      it("takes the password of the sign-up", async () => {
        await foyer.register(address, OWNERS);
        const [{ token }] = await emailsTo(foyer, address);
        expect((await verify({ token, password: OWNERS })).status).to.equal(200);
        expect(await openedBy()).to.deep.equal([OWNERS]);
      });

      it("takes a wrong one five times, tells how many are left, and still takes a new one", async () => {
        await foyer.register(address, ATTACKERS);
        const [{ token }] = await emailsTo(foyer, address);
        for (const triesLeft of [4, 3, 2, 1, 0]) {
          const problem = expectProblem(await verify({ token, password: OWNERS }), 403, "password_required");
          expect(problem["triesLeft"]).to.equal(triesLeft);
        }
        expect(
          expectProblem(await verify({ token, password: ATTACKERS }), 403, "password_required")["triesLeft"],
        ).to.equal(0);
        expect((await verify({ token, newPassword: OWNERS })).status).to.equal(200);
        expect(await openedBy()).to.deep.equal([OWNERS]);
      });

      it("compares no more than five passwords, however many come at once", async () => {
        await foyer.register(address, ATTACKERS);
        const [{ token }] = await emailsTo(foyer, address);
        const before = await hashes();
        const tried = await Promise.all(Array.from({ length: 20 }, () => verify({ token, password: OWNERS })));
        const triesLeft = tried.map((answer) => expectProblem(answer, 403, "password_required")["triesLeft"]);
        expect(triesLeft.toSorted()).to.deep.equal([...Array<number>(16).fill(0), 1, 2, 3, 4]);
        expect((await hashes()) - before).to.equal(5);
      });

      for (const name of ["password", "newPassword"]) {
        it(`answers 200 to each of twenty who send the same ${name} at once`, async () => {
          await foyer.register(address, OWNERS);
          const [{ token }] = await emailsTo(foyer, address);
          // It would have sent the email to a mailbox of its own.
          const other = postgresUrl ? await foyer.another() : undefined;
          const answers = await Promise.all(
            Array.from({ length: 20 }, (_, n) =>
              ((n % 2 && other) || foyer).http.post("/verify").send({ token, [name]: OWNERS }),
            ),
          );
          expect(answers.map(({ status }) => status)).to.deep.equal(Array(20).fill(200));
          await other?.stop();
        });
      }

      it("compares no more than five passwords with that of the account once it is verified", async () => {
        await foyer.register(address, ATTACKERS);
        const [{ token }] = await emailsTo(foyer, address);
        for (let n = 0; n < 5; n += 1) await verify({ token, password: OWNERS });
        await verify({ token, newPassword: OWNERS });
        const before = await hashes();
        for (let n = 0; n < 6; n += 1) expect((await verify({ token, newPassword: OWNERS })).status).to.equal(200);
        for (let n = 0; n < 6; n += 1)
          expectProblem(await verify({ token, newPassword: ATTACKERS }), 410, "token_used");
        expect((await hashes()) - before).to.equal(6 + 5);
      });

      it("tells nothing of passwords that were tried to the browser of the sign-up, which may be a stranger's", async () => {
        const stranger = supertest.agent(foyer.url);
        await stranger.post("/register").send({ email: address, password: ATTACKERS });
        const [{ token }] = await emailsTo(foyer, address);
        for (let n = 0; n < 3; n += 1) await verify({ token, password: OWNERS });
        const guess = await stranger.post("/verify").send({ code: "0000 0000" });
        expect(expectProblem(guess, 400, "code_refused")["triesLeft"]).to.equal(4);
      });

      it("gives the account a new password under a new id, whoever signed up", async () => {
        const { body: opened } = await foyer.register(address, ATTACKERS);
        const [{ token }] = await emailsTo(foyer, address);
        const answer = await verify({ token, newPassword: OWNERS });
        expect(answer.status).to.equal(200);
        expect(answer.body.id).to.be.a("number").and.not.equal(opened.id);
        expect((await accountOf(foyer, address)).id).to.equal(answer.body.id);
        expect(await openedBy()).to.deep.equal([OWNERS]);
      });

      it("refuses a new password that may not be one, at its field, and leaves the link as it was", async () => {
        await foyer.register(address, ATTACKERS);
        const [{ token }] = await emailsTo(foyer, address);
        for (const newPassword of ["short", "password1", address, 12345678]) {
          const { errors } = expectProblem(await verify({ token, newPassword }), 400, "invalid_input");
          expect(errors).to.be.an("array").with.nested.property("[0].field", "newPassword");
        }
        const page = await foyer.http.post("/verify").type("form").send({ token, newPassword: "short" });
        expect(page.status).to.equal(400);
        expect(page.text)
          .to.match(/id="newPassword-error"/)
          .and.include(`value="${token}"`);
        expect((await verify({ token, newPassword: OWNERS })).status).to.equal(200);
      });

      it("answers the link again as the first time, but a further new password with 410 token_used", async () => {
        await foyer.register(address, ATTACKERS);
        const [{ token }] = await emailsTo(foyer, address);
        const first = await verify({ token, newPassword: OWNERS });
        for (const body of [{ token }, { token, newPassword: OWNERS }]) {
          expect((await verify(body)).body).to.deep.equal(first.body);
        }
        expectProblem(await verify({ token, newPassword: ATTACKERS }), 410, "token_used");
        expect(await openedBy()).to.deep.equal([OWNERS]);
      });

      it("takes no browser secret that a client made up or brought to its sign-up", async () => {
        const cookie = `foyer-browser=${"A".repeat(43)}`;
        const answer = await foyer.http
          .post("/register")
          .set("Cookie", cookie)
          .send({ email: address, password: ATTACKERS });
        expect(String(answer.headers["set-cookie"]))
          .to.match(/^foyer-browser=[\w-]{43};/)
          .and.not.include("AAAA");
        const [{ token }] = await emailsTo(foyer, address);
        expectProblem(await foyer.http.post("/verify").set("Cookie", cookie).send({ token }), 403, "password_required");
      });
    });

    it("gives an account that another sign-up than the first wins a new id, and keeps the first one's otherwise", async () => {
      const { body: first } = await foyer.register(address, ATTACKERS);
      await emailsTo(foyer, address);
      await foyer.register(address, OWNERS);
      const [mine] = await emailsTo(foyer, address, 2);
      const answer = await foyer.verify(mine.token, OWNERS);
      expect(answer.body.id).to.be.above(first.id);
      const other = newAddress();
      const { body: own } = await foyer.register(other, OWNERS);
      const [{ token }] = await emailsTo(foyer, other);
      expect((await foyer.verify(token, OWNERS)).body.id).to.equal(own.id);
    });

    it("keeps each of eight sign-ups that arrive at once with passwords of their own", async () => {
      const passwords = Array.from({ length: 8 }, (_, n) => `${OWNERS} ${n}`);
      const statuses = await Promise.all(passwords.map((password) => foyer.register(address, password)));
      if (privacy === "open") expect(statuses.filter(({ status }) => status === 201)).to.have.length(1);
      expect(await signUpsOf()).to.have.length(8);
    });

    it("leaves an account from before addresses were verified its password, whatever email is used", async () => {
      const hash = await hashPassword(OWNERS, 4, bcrypt);
      await foyer.sql("insert into users (email, email_key, hashed_password) values (?, ?, ?)", address, address, hash);
      const answer = await foyer.register(address, ATTACKERS);
      expect(answer.status).to.equal(privacy === "open" ? 400 : 201);
      for (let minute = 0; minute < 2; minute += 1) {
        await foyer.resend(address);
        // As if a minute had passed, by the clock of the process.
        await foyer.sql("update emails set key = key || ' ' || ?", minute);
      }
      const emails = await emailsTo(foyer, address, privacy === "open" ? 2 : 3);
      for (const { token } of emails) expect((await foyer.verify(token, OWNERS)).status).to.equal(200);
      expect(await openedBy()).to.deep.equal([OWNERS]);
      const [user] = (await foyer.users()).filter(({ email_key }) => email_key === address);
      expect(user?.email_verified_at).to.be.instanceOf(Date);
    });
  });
}
