import { expect } from "chai";
import { emailsTo } from "../support/emails.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

const PASSWORD = "secret12345";

describe("GET /", () => {
  it("redirects to the sign-up form", async () => {
    const foyer = await startFoyer();
    const answer = await foyer.http.get("/");
    expect([answer.status, answer.headers["location"]]).to.deep.equal([303, "/register"]);
    await foyer.stop();
  });
});

describe("GET /register", () => {
  it("shows one field for the address and one for the password, which browsers can fill", async () => {
    const foyer = await startFoyer({ passwordMinLength: 10 });
    const { text, status } = await foyer.http.get("/register");
    expect(status).to.equal(200);
    expect(text.match(/<input type="(email|password)"/g)).to.have.length(2);
    expect(text).to.match(/<input type="email"[^>]*autocomplete="email"/);
    expect(text).to.match(/<input type="password"[^>]*autocomplete="new-password"/);
    expect(text).to.include("Use at least 10 characters");
    expect(text).not.to.match(/aria-invalid|Error/);
    await foyer.stop();
  });
});

describe("POST /register by the form", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ passwordMinLength: 10 });
    await foyer.registerByForm("alice@example.com", PASSWORD);
  });
  after(() => foyer.stop());

  it("redirects to a page that says to check the email, when the account exists", async () => {
    const before = await foyer.users();
    const answer = await foyer.registerByForm("bob@example.com", PASSWORD);
    expect([answer.status, answer.headers["location"]]).to.deep.equal([303, "/welcome"]);
    expect((await foyer.http.get("/welcome")).text).to.include("Check your email");
    expect(await foyer.users()).to.have.length(before.length + 1);
  });

  it("shows the form again with each error beside its field, and keeps the address but not the password", async () => {
    const answer = await foyer.registerByForm('"><b>alice', "canary-pw");
    expect(answer.status).to.equal(400);
    expect(answer.text).to.match(/<title>Error: /);
    expect(answer.text).to.include('value="&quot;&gt;&lt;b&gt;alice"').and.not.include("canary-pw");
    for (const field of ["email", "password"]) {
      expect(answer.text).to.include(`<a href="#${field}">`).and.include(`id="${field}-error"`);
      expect(answer.text).to.match(
        new RegExp(`id="${field}"[^>]*aria-invalid="true" aria-describedby="[^"]*${field}-error"`),
      );
    }
  });

  it("says at the address's field that the address is registered, and not verified yet", async () => {
    const answer = await foyer.registerByForm("ALICE@example.com", PASSWORD);
    expect(answer.status).to.equal(400);
    expect(answer.text).to.include("not verified yet").and.include("the account gets the password you chose now");
    expect(answer.text)
      .to.match(/id="email-error">.*Email already registered/)
      .and.not.include('id="password-error"');
    expect(answer.text).to.include('value="ALICE@example.com"');
  });

  it("says no more than that the address is registered, when it is verified", async () => {
    await foyer.registerByForm("carol@example.com", PASSWORD);
    const [{ token }] = await emailsTo(foyer, "carol@example.com");
    await foyer.verify(token, PASSWORD);
    const answer = await foyer.registerByForm("carol@example.com", PASSWORD);
    expect(answer.text).to.include("If it is yours, sign in.").and.not.include("verified");
  });

  it("answers 413 to a password over 16 KiB, and keeps the address", async () => {
    const before = await foyer.users();
    const answer = await foyer.registerByForm("new@example.com", "canary".repeat(10_000));
    expect(answer.status).to.equal(413);
    expect(answer.text)
      .to.include('value="new@example.com"')
      .and.include("Use at most 256 characters")
      .and.not.include("canary");
    expect(answer.text)
      .to.match(/id="password"[^>]*aria-invalid="true"/)
      .and.not.include('id="email-error"');
    expect(await foyer.users()).to.have.length(before.length);
  });

  it("asks for a shorter address when one over 16 KiB was sent", async () => {
    const before = await foyer.users();
    const long = await foyer.registerByForm("x".repeat(20_000), PASSWORD);
    expect(long.text).to.match(/id="email-error">.*shorter email/);
    expect(await foyer.users()).to.have.length(before.length);
  });

  it("gives back no more of a field than a person types, lest answers grow to many times of what was sent", async () => {
    const quotes = '"'.repeat(16_000);
    const large = await foyer.http
      .post("/register")
      .type("form")
      .send(`email=${quotes.repeat(8)}`);
    expect(large.text).to.match(/id="email-error">.*shorter email/);
    const code = await foyer.http.post("/verify").type("form").send(`code=${quotes}`);
    for (const { text } of [large, code]) expect(text).to.include("&quot;").and.have.length.below(20_000);
  });

  for (const body of [
    "",
    "email=a@example.com&email=b@example.com&password=secret12345",
    "email[]=a&password[x]=1",
    "__proto__=1&constructor=2",
    "email=%00@example.com&password=%00",
  ]) {
    it(`answers 400 with the form to ${JSON.stringify(body)}`, async () => {
      const answer = await foyer.http.post("/register").type("form").send(body);
      expect(answer.status).to.equal(400);
      expect(answer.text).to.include("<form");
    });
  }
});
