import { expect } from "chai";
import { newAccount, newSignedIn, signIn, signInStatus, whoIs } from "../support/account.ts";
import { postgresUrl } from "../support/database.ts";
import { askForChange, confirmChange, postSignedIn } from "../support/email-change.ts";
import { allSent, emailsTo, readMailbox } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress, signUp } from "../support/sign-up.ts";

const STRANGERS = "a stranger's horse";

for (const privacy of ["open", "discreet"] as const) {
  describe(`an address that somebody else has, or asks for, in ${privacy} mode`, () => {
    let foyer: TestFoyer;
    before(async () => {
      foyer = await startFoyer({ privacy });
    });
    after(() => foyer.stop());

    // Emails leave once a second there.
    // On the embedded database all take turns.
    const rounds = postgresUrl && privacy === "open" ? 6 : 1;
    const ask = (cookie: string, email: string) => postSignedIn(foyer, cookie, "/account/email", { email });

    it("has its owner told that they have an account, and no link is made", async () => {
      const { email: taken } = await newAccount(foyer);
      const own = await newSignedIn(foyer);
      const before = (await readMailbox(foyer, taken)).length;
      expect((await ask(own.cookie, taken)).status).to.equal(202);
      const [told] = await emailsTo(foyer, taken, before + 1);
      expect(told.subject).to.equal("You already have an account");
      expect(told.text)
        .not.to.match(/token=/)
        .and.not.include(own.email);
      await allSent(foyer);
      const kinds = (await foyer.rows("email_change_tokens")).map(({ purpose }) => purpose);
      expect(kinds).not.to.include("confirm");
      expect(await whoIs(foyer, own.cookie)).to.equal(own.email);
    });

    it("has its owner told where the owner reads mail, however it was spelled", async () => {
      const { email: taken } = await newAccount(foyer);
      const spelled = taken.toUpperCase().replace("EXAMPLE.COM", "example.com");
      const own = await newSignedIn(foyer);
      const before = (await readMailbox(foyer, taken)).length;
      expect((await ask(own.cookie, spelled)).status).to.equal(202);
      await emailsTo(foyer, taken, before + 1);
      await allSent(foyer);
      expect(await readMailbox(foyer, spelled)).to.deep.equal([]);
    });

    it("is refused with 400 email_taken where it was verified since, and the account keeps its own", async () => {
      const own = await newSignedIn(foyer);
      const to = newAddress();
      const { confirms } = await askForChange(foyer, own, to);
      await foyer.register(to, STRANGERS);
      const [{ token }] = await emailsTo(foyer, to, 2);
      expect((await foyer.verify(token, STRANGERS)).status).to.equal(200);
      expectProblem(await confirmChange(foyer, confirms), 400, "email_taken");
      const page = await foyer.http.post("/account/email/confirm").type("form").send({ token: confirms });
      expect([page.status, page.headers["referrer-policy"]]).to.deep.equal([400, "strict-origin"]);
      expect(page.text).to.include("Another account has this address now");
      expect(await whoIs(foyer, own.cookie)).to.equal(own.email);
      expect([await signInStatus(foyer, own.email), await signInStatus(foyer, to, STRANGERS)]).to.deep.equal([
        200, 200,
      ]);
    });

    it("is refused where an account has it from before addresses were verified", async () => {
      const own = await newSignedIn(foyer);
      const to = newAddress();
      const { confirms } = await askForChange(foyer, own, to);
      await foyer.sql("insert into users (email, email_key, hashed_password) values (?, ?, 'x')", to, to);
      expectProblem(await confirmChange(foyer, confirms), 400, "email_taken");
      expect(await whoIs(foyer, own.cookie)).to.equal(own.email);
    });

    for (const when of ["before", "after"] as const) {
      it(`is the account's where somebody signed up there ${when} it was asked for, and proved nothing`, async () => {
        const own = await newSignedIn(foyer);
        const to = newAddress();
        const strangers = () => foyer.register(to, STRANGERS);
        const first = when === "before" ? await strangers() : undefined;
        if (first) await emailsTo(foyer, to);
        const { confirms } = await askForChange(foyer, own, to);
        const signedUp = first ?? (await strangers());
        expect(signedUp.status).to.equal(201);
        await allSent(foyer);
        const { token, code } = (await readMailbox(foyer, to)).find((email) => email.token) ?? { token: "", code: "" };
        expect((await confirmChange(foyer, confirms)).body).to.deep.equal({ id: own.id, email: to, verified: true });
        expectProblem(await foyer.verify(token, STRANGERS), 410, "token_used");
        expectProblem(await foyer.http.post("/verify").send({ token, newPassword: STRANGERS }), 410, "token_used");
        const browser = [signedUp.headers["set-cookie"] ?? []].flat().map((cookie) => cookie.split(";")[0] ?? "");
        const byCode = await foyer.http.post("/verify").set("Cookie", browser.join("; ")).send({ code });
        expectProblem(byCode, 410, "token_used");
        expect([await signInStatus(foyer, to, STRANGERS), await signInStatus(foyer, to)]).to.deep.equal([401, 200]);
        const rows = (await foyer.users()).filter(({ email_key }) => email_key === to || /^replaced/.test(email_key));
        expect(rows.map(({ id }) => id)).to.deep.equal([own.id]);
      });
    }

    it("is one's of two accounts that ask for it, and the other is answered 400 email_taken", async () => {
      for (let round = 0; round < rounds; round += 1) {
        const both = [await newSignedIn(foyer), await newSignedIn(foyer)];
        const to = newAddress();
        const links: string[] = [];
        for (const own of both) {
          expect((await ask(own.cookie, to)).status).to.equal(202);
          await allSent(foyer);
          const [{ text }] = await emailsTo(foyer, to, links.length + 1);
          links.push(/confirm\?token=([\w-]{43})$/m.exec(text)?.[1] ?? "");
        }
        const answers = await Promise.all(links.map((token) => confirmChange(foyer, token)));
        const won = answers.findIndex(({ status }) => status === 200);
        expectProblem(answers[1 - won] ?? expect.fail(), 400, "email_taken");
        const emails = await Promise.all(both.map(({ cookie }) => whoIs(foyer, cookie)));
        expect(emails).to.deep.equal(both.map(({ email }, n) => (n === won ? to : email)));
      }
    });

    it("is one's of an account that asks for it and a sign-up that verifies it at the same moment", async () => {
      for (let round = 0; round < rounds; round += 1) {
        const own = await newSignedIn(foyer);
        const { address: to, token } = await signUp(foyer);
        const { confirms } = await askForChange(foyer, own, to);
        const [confirmed, verified] = await Promise.all([confirmChange(foyer, confirms), foyer.verify(token)]);
        const isMoved = confirmed.status === 200;
        if (isMoved) expectProblem(verified, 410, "token_used");
        else expectProblem(confirmed, 400, "email_taken");
        expect(verified.status).to.equal(isMoved ? 410 : 200);
        const { id } = await signIn(foyer, to);
        expect(id === own.id).to.equal(isMoved);
      }
    });

    it("can be had again once it is free, by whoever reads its mail", async () => {
      const own = await newSignedIn(foyer);
      const { confirms } = await askForChange(foyer, own, newAddress());
      expect((await confirmChange(foyer, confirms)).status).to.equal(200);
      await allSent(foyer);
      const before = (await readMailbox(foyer, own.email)).length;
      expect((await foyer.register(own.email, STRANGERS)).status).to.equal(201);
      const [{ token }] = await emailsTo(foyer, own.email, before + 1);
      const { body } = await foyer.verify(token, STRANGERS);
      expect(body.id).not.to.equal(own.id);
      expect((await signIn(foyer, own.email, { password: STRANGERS })).id).to.equal(body.id);
    });
  });
}
