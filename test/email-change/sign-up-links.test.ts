import { expect } from "chai";
import { cookieOf, signIn, signInStatus, whoIs } from "../support/account.ts";
import { changeAddress, undoChange } from "../support/email-change.ts";
import { emailsTo } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";

describe("the link and the code of the sign-up of an account whose address was changed", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  /** An account that was verified in the browser of its sign-up, and moved. */
  async function moved() {
    const email = newAddress();
    const signedUp = await foyer.register(email);
    const [{ token, code }] = await emailsTo(foyer, email);
    const browser = cookieOf(signedUp, "foyer-browser");
    const verified = await foyer.http.post("/verify").set("Cookie", browser).send({ token });
    const own = await signIn(foyer, email);
    const to = newAddress();
    const { undoes } = await changeAddress(foyer, own, to);
    return { own, to, token, code, undoes, browsers: [browser, cookieOf(verified, "foyer-browser")] };
  }

  it("open nothing, in its browser either", async () => {
    const { own, to, token, code, browsers } = await moved();
    for (const browser of ["", ...browsers]) {
      for (const body of [{ token }, { token, password: PASSWORD }, { token, newPassword: "another horse battery" }]) {
        const answer = await foyer.http.post("/verify").set("Cookie", browser).send(body);
        expectProblem(answer, 410, "token_used");
        expect(cookieOf(answer)).to.equal("");
      }
      const byCode = await foyer.http.post("/verify").set("Cookie", browser).send({ code });
      expect(byCode.status, byCode.text).to.be.oneOf([400, 410]);
      const page = await foyer.http.post("/verify").set("Cookie", browser).type("form").send({ token });
      expect([page.status, cookieOf(page)]).to.deep.equal([410, ""]);
      expect(page.text).not.to.include(to);
    }
    expect(await whoIs(foyer, own.cookie)).to.equal(to);
  });

  it("sign nobody in, and set no password, once the address was brought back", async () => {
    const { own, token, code, undoes, browsers } = await moved();
    expect((await undoChange(foyer, undoes)).status).to.equal(200);
    for (const browser of ["", ...browsers]) {
      for (const body of [{ token }, { token, password: PASSWORD }, { code }, { token, newPassword: PASSWORD }]) {
        const answer = await foyer.http.post("/verify").set("Cookie", browser).send(body);
        expect(cookieOf(answer)).to.equal("");
        const page = await foyer.http.post("/verify").set("Cookie", browser).type("form").send(body);
        expect(cookieOf(page)).to.equal("");
      }
    }
    expect(await signInStatus(foyer, own.email)).to.equal(401);
    expect(await whoIs(foyer, own.cookie)).to.equal(undefined);
  });
});
