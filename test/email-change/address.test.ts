import { expect } from "chai";
import { newSignedIn, signInStatus, whoIs } from "../support/account.ts";
import { changeAddress, confirmChange, postSignedIn, tokenIn, undoChange } from "../support/email-change.ts";
import { emailAbout } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";

describe("auth.requestEmailChange of an address that is spelled otherwise", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  for (const [typed, email] of [
    ["moved@BÜCHER.de", "moved@xn--bcher-kva.de"],
    ["jose\u0301@example.com", "jos\u00e9@example.com"],
    [" Moved@EXAMPLE.com\n", "Moved@example.com"],
  ] as const) {
    it(`takes ${JSON.stringify(typed)} as a sign-up does`, async () => {
      const own = await newSignedIn(foyer);
      const asked = await postSignedIn(foyer, own.cookie, "/account/email", { email: typed });
      expect([asked.status, asked.body]).to.deep.equal([202, { email }]);
      const readable = email.replace("xn--bcher-kva", "bücher");
      const token = await tokenIn(foyer, readable, "Confirm your new email address");
      const page = await foyer.http.get(`/account/email/confirm?token=${token}`);
      expect(page.text).to.include(`>${readable}<`);
      expect((await confirmChange(foyer, token)).body).to.include({ id: own.id, email });
      expect(await signInStatus(foyer, typed)).to.equal(200);
    });
  }

  it("lets an account have its own address in other letters, and back, and is no taken one", async () => {
    const own = await newSignedIn(foyer);
    const spelled = own.email.replace("n", "N");
    const { undoes } = await changeAddress(foyer, own, spelled);
    expect(await whoIs(foyer, own.cookie)).to.equal(spelled);
    expect([await signInStatus(foyer, own.email), await signInStatus(foyer, spelled)]).to.deep.equal([200, 200]);
    expect((await foyer.users()).filter(({ email_key }) => email_key === own.email)).to.have.length(1);
    expect((await undoChange(foyer, undoes)).body).to.deep.equal({ id: own.id, email: own.email, verified: true });
    expect(await whoIs(foyer, own.cookie)).to.equal(undefined);
  });

  it("sends no link to an address that another account has in other letters", async () => {
    const own = await newSignedIn(foyer);
    const taken = await newSignedIn(foyer);
    const asked = await postSignedIn(foyer, own.cookie, "/account/email", { email: taken.email.toUpperCase() });
    expect(asked.status).to.equal(202);
    expect((await emailAbout(foyer, taken.email, "You already have an account")).text).not.to.match(/token=/);
  });

  it("refuses what no sign-up may have, at the field", async () => {
    const own = await newSignedIn(foyer);
    for (const email of ["x", "", null, 1, {}, [newAddress()], "a b@example.com", "a@b@example.com", "a@localhost."]) {
      const refused = await postSignedIn(foyer, own.cookie, "/account/email", { email });
      expect(expectProblem(refused, 400, "invalid_input")["errors"]).to.have.nested.property("[0].field", "email");
    }
    const ids = (await foyer.rows("email_changes")).map(({ user_id }) => Number(user_id));
    expect(ids).not.to.include(own.id);
  });

  it("leads to PUBLIC_URL, whatever Host says", async () => {
    const own = await newSignedIn(foyer);
    const to = newAddress();
    const asked = await foyer.http
      .post("/account/email")
      .set({ Cookie: own.cookie, Host: "evil.example", "X-Forwarded-Host": "evil.example" })
      .set("Sec-Fetch-Site", "same-origin")
      .send({ email: to });
    expect(asked.status).to.equal(202);
    for (const [address, subject, path] of [
      [to, "Confirm your new email address", "confirm"],
      [own.email, "Someone asked to change your email address", "undo"],
    ] as const) {
      const { text } = await emailAbout(foyer, address, subject);
      expect(text).to.include(`http://localhost:3000/account/email/${path}?token=`).and.not.include("evil");
    }
  });
});

describe("auth.requestEmailChange where a policy says who may sign up", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({
      policy: { open: true, domains: ["example.com", ".allowed.example"], refuseDisposable: true },
    });
  });
  after(() => foyer.stop());

  it("takes the same domains, and refuses others at the field", async () => {
    const own = await newSignedIn(foyer);
    const ask = (email: string) => postSignedIn(foyer, own.cookie, "/account/email", { email });
    for (const email of ["moved@example.org", "moved@sub.example.com", "moved@mailinator.com"]) {
      const body = expectProblem(await ask(email), 400, "invalid_input");
      expect(body["errors"]).to.have.nested.property("[0].field", "email");
    }
    expect((await ask("moved@sub.allowed.example")).status).to.equal(202);
    const form = await foyer.http.get("/account/email").set("Cookie", own.cookie);
    const [, token] = /action="\/account\/email".*?name="form" value="([^"]+)"/s.exec(form.text) ?? [];
    const page = await postSignedIn(foyer, own.cookie, "/account/email", {
      email: "moved@example.org",
      password: PASSWORD,
      form: token,
    }).type("form");
    expect(page.status).to.equal(400);
    expect(page.text).to.include("moved@example.org").and.not.include(PASSWORD);
  });

  it("refuses disposable mailboxes where all domains may sign up", async () => {
    const open = await startFoyer({ policy: { open: true, domains: [], refuseDisposable: true } });
    const own = await newSignedIn(open);
    const ask = (email: string) => postSignedIn(open, own.cookie, "/account/email", { email });
    expectProblem(await ask("moved@sub.mailinator.com"), 400, "invalid_input");
    expect((await ask("moved@example.org")).status).to.equal(202);
    await open.stop();
  });
});
