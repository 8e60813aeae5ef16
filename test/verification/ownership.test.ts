import bcrypt from "bcrypt";
import { expect } from "chai";
import supertest from "supertest";
import { hashPassword, verifyPassword } from "../../src/hashing/password-hash.ts";
import { postgresUrl } from "../support/database.ts";
import { emailsTo } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";

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
      const fits = await Promise.all([ATTACKERS, OWNERS].map((password) => verifyPassword(password, stored, bcrypt)));
      return [ATTACKERS, OWNERS].filter((_, n) => fits[n]);
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
      const answer = await foyer.verify(token);
      expect(answer.status).to.equal(200);
      expect(answer.body.email).to.equal(upper);
      expect(await openedBy()).to.deep.equal([OWNERS]);
    });

    it("answers 410 token_used when another sign-up was verified first, and changes nothing", async () => {
      const { theirs, mine } = await twoSignUps();
      expect((await foyer.verify(mine.token)).status).to.equal(200);
      expectProblem(await foyer.verify(theirs.token), 410, "token_used");
      expect((await foyer.http.get(`/verify?token=${theirs.token}`)).status).to.equal(410);
      expect(await openedBy()).to.deep.equal([OWNERS]);
    });

    it("answers 410 token_used to a later sign-up, too, when an earlier one was verified", async () => {
      await foyer.register(address, OWNERS);
      const [mine] = await emailsTo(foyer, address);
      await foyer.register(address, ATTACKERS);
      const [theirs] = await emailsTo(foyer, address, 2);
      expect((await foyer.verify(mine.token)).status).to.equal(200);
      expectProblem(await foyer.verify(theirs.token), 410, "token_used");
      expect(await openedBy()).to.deep.equal([OWNERS]);
    });

    it("forgets the passwords of all its sign-ups", async () => {
      await foyer.register(address, ATTACKERS);
      await foyer.register(address, OWNERS);
      const [{ token }] = await emailsTo(foyer, address, 2);
      const before = await signUpsOf();
      expect(before.map(({ hashed_password }) => hashed_password !== null)).to.deep.equal([true, true]);
      await foyer.verify(token);
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
          emails.map(({ token }, n) => ((n % 2 && other) || foyer).http.post("/verify").send({ token })),
        );
        expect(answers.map(({ status }) => status).toSorted()).to.deep.equal([200, 410]);
        expect(await openedBy()).to.deep.equal([answers[0]?.status === 200 ? OWNERS : ATTACKERS]);
      }
      await other?.stop();
    });

    it("leaves it with its owner when someone registers it again, and the mailbox is told", async () => {
      await foyer.register(address, OWNERS);
      const [first] = await emailsTo(foyer, address);
      await foyer.verify(first.token);
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

    it("warns in the email and on the page of a link that someone signed up at another time too", async () => {
      const owner = supertest.agent(foyer.url);
      await owner.post("/register").send({ email: address, password: OWNERS });
      await emailsTo(foyer, address);
      await foyer.register(address, ATTACKERS);
      const [attackers] = await emailsTo(foyer, address, 2);
      expect(attackers.text).to.include("Careful: this address was signed up with more than once");
      expect((await owner.get(`/verify?token=${attackers.token}`)).text).to.include("Careful:");
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
      for (const { token } of emails) expect((await foyer.verify(token)).status).to.equal(200);
      expect(await openedBy()).to.deep.equal([OWNERS]);
      const [user] = (await foyer.users()).filter(({ email_key }) => email_key === address);
      expect(user?.email_verified_at).to.be.instanceOf(Date);
    });
  });
}
