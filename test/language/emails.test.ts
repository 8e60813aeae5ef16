import { expect } from "chai";
import { emailsTo } from "../support/emails.ts";
import { english } from "../support/english.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { PSEUDO, writePseudoViews } from "../support/pseudo.ts";
import { newAddress } from "../support/sign-up.ts";

const { ltr: LTR, rtl: RTL } = PSEUDO;
const viewsDir = writePseudoViews();

for (const privacy of ["open", "discreet"] as const) {
  describe(`the language of an account's emails, in ${privacy} mode`, () => {
    let foyer: TestFoyer;
    before(async () => {
      foyer = await startFoyer({ privacy, viewsDir });
    });
    after(() => foyer.stop());

    const signUpIn = (lang: string, email = newAddress()) =>
      foyer.http
        .post("/register")
        .set("Accept-Language", lang)
        .send({ email, password: PASSWORD })
        .then(() => email);

    async function latest(email: string, count: number) {
      const [{ subject, token, number }] = await emailsTo(foyer, email, count);
      const { text } = await foyer.http.get(`/mailbox/${number}/html`);
      const [, lang, dir] = /<html lang="([^"]+)" dir="(\w+)"/.exec(text) ?? [];
      return { subject, token, lang, dir };
    }

    it("is that of its sign-up, whatever is asked for later", async () => {
      const email = await signUpIn(RTL);
      const verify = await latest(email, 1);
      expect(verify).to.include({ lang: RTL, dir: "rtl" });
      expect(verify.subject.replace("Foyer", "")).to.match(/^⟦[^a-z]+⟧$/);
      await foyer.http.post("/verify").set("Accept-Language", LTR).send({ token: verify.token, password: PASSWORD });
      await foyer.http.post("/reset").set("Accept-Language", LTR).send({ email });
      expect(await latest(email, 2)).to.include({ lang: RTL });
      const { headers } = await foyer.http.post("/sign-in").send({ email, password: PASSWORD });
      const cookie = String(headers["set-cookie"]).split(";")[0] ?? "";
      const change = { currentPassword: PASSWORD, password: "a new secret" };
      await foyer.http.post("/account/password").set({ Cookie: cookie, Origin: foyer.url }).send(change);
      expect(await latest(email, 3)).to.include({ lang: RTL });
      // Whoever signs up there once more learns nothing, and its mailbox is told in its own language.
      await foyer.http.post("/verify/resend").set("Accept-Language", LTR).send({ email });
      expect(await latest(email, 4)).to.include({ lang: RTL });
      const { body } = await foyer.http.get("/account/export").set({ Cookie: cookie, Origin: foyer.url });
      expect(body.account?.language ?? RTL).to.equal(RTL);
    });

    it("is that of the sign-up that won", async () => {
      const email = await signUpIn(LTR);
      expect(await latest(email, 1)).to.include({ lang: LTR });
      await signUpIn(RTL, email);
      const { token, lang } = await latest(email, 2);
      expect(lang).to.equal(RTL);
      await foyer.http.post("/verify").send({ token, password: PASSWORD });
      const account = (await foyer.users()).find((user) => user.email === email);
      expect(account?.language).to.equal(RTL);
    });

    it("is the default where it is not offered any more", async () => {
      const email = await signUpIn("en");
      await latest(email, 1);
      await foyer.sql("update users set language = 'tlh'");
      await foyer.sql("update sign_ups set language = 'tlh'");
      await foyer.resend(email);
      expect(await latest(email, 2)).to.include({ lang: "en", subject: english.text("mail.verify.subject") });
    });
  });
}
