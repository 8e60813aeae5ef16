import { expect } from "chai";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { mailsTo } from "../support/mailbox.ts";

describe("the form", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ passwordMinLength: 10 });
  });
  after(() => foyer.stop());

  function post(body: object | string) {
    return foyer.http.post("/register").type("form").send(body);
  }

  it("is where / leads", async () => {
    const answer = await foyer.http.get("/");
    expect([answer.status, answer.headers["location"]]).to.deep.equal([303, "/register"]);
  });

  it("asks for address and password, one field each, in the ways that browsers fill", async () => {
    const { text, status } = await foyer.http.get("/register");
    expect(status).to.equal(200);
    expect(text.match(/<input type="(email|password)"/g)).to.have.length(2);
    expect(text).to.match(/<input type="email"[^>]*autocomplete="email"/);
    expect(text).to.match(/<input type="password"[^>]*autocomplete="new-password"/);
    expect(text).to.include("At least 10 characters");
    expect(text).not.to.match(/aria-invalid|Error/);
  });

  it("leads on to a page of its own when the account exists", async () => {
    const answer = await post({ email: "alice@example.com", password: "secret12345" });
    expect([answer.status, answer.headers["location"]]).to.deep.equal([303, "/welcome"]);
    expect((await foyer.http.get("/welcome")).text).to.include("Check your email");
    expect(await foyer.users()).to.have.length(1);
  });

  it("comes back with each error beside its field, the address kept and the password not", async () => {
    const answer = await post({ email: '"><b>alice', password: "canary-pw" });
    expect(answer.status).to.equal(400);
    expect(answer.text).to.match(/<title>Error: /);
    expect(answer.text).to.include('value="&quot;&gt;&lt;b&gt;alice"').and.not.include("canary-pw");
    for (const field of ["email", "password"]) {
      expect(answer.text).to.include(`<a href="#${field}">`).and.include(`id="${field}-error"`);
      expect(answer.text).to.match(new RegExp(`id="${field}"[^>]*aria-invalid="true" aria-describedby="[^"]*${field}-error"`));
    }
  });

  it("says that an address is registered already, at the address's field", async () => {
    const answer = await post({ email: "ALICE@example.com", password: "secret12345" });
    expect(answer.status).to.equal(400);
    expect(answer.text).to.include("not confirmed yet").and.include("the account then has the password you chose now");
    expect(answer.text)
      .to.match(/id="email-error">.*Email already registered/)
      .and.not.include('id="password-error"');
    expect(answer.text).to.include('value="ALICE@example.com"');
  });

  it("says no more of an address that is verified", async () => {
    const [{ token }] = await mailsTo(foyer, "alice@example.com");
    await foyer.http.post("/verify").send({ token });
    const answer = await post({ email: "alice@example.com", password: "secret12345" });
    expect(answer.text).to.include("If it is yours, you have an account").and.not.include("confirmed");
  });

  it("keeps the address beside a password that is too long to be sent", async () => {
    const answer = await post({ email: "new@example.com", password: "canary".repeat(10_000) });
    expect(answer.status).to.equal(413);
    expect(answer.text).to.include('value="new@example.com"').and.include("Use at most 256 characters").and.not.include("canary");
    expect(answer.text)
      .to.match(/id="password"[^>]*aria-invalid="true"/)
      .and.not.include('id="email-error"');
    const long = await post({ email: "x".repeat(20_000), password: "secret12345" });
    expect(long.text).to.match(/id="email-error">.*shorter email/);
    expect(await foyer.users()).to.have.length(1);
  });

  for (const body of [
    "",
    "email=a@example.com&email=b@example.com&password=secret12345",
    "email[]=a&password[x]=1",
    "__proto__=1&constructor=2",
    "email=%00@example.com&password=%00",
  ]) {
    it(`answers ${JSON.stringify(body)} with the form and 400`, async () => {
      const answer = await post(body);
      expect(answer.status).to.equal(400);
      expect(answer.text).to.include("<form");
    });
  }
});
