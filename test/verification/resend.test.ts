import { expect } from "chai";
import { fits } from "../support/bcrypt.ts";
import { allSent, emailsTo, readMailbox } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { accountOf, newAddress, signUp } from "../support/sign-up.ts";

describe("POST /verify/resend", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  const resendByForm = (email: string) => foyer.http.post("/verify/resend").type("form").send({ email });

  /** An address that waits to be verified, one that is verified, and one that nobody signed up. */
  async function threeAddresses() {
    const [waiting, verified] = [await signUp(foyer), await signUp(foyer)];
    await foyer.verify(verified.token);
    return { waiting: waiting.address, verified: verified.address, unknown: newAddress() };
  }

  it("answers 202 with the address alike when it waits, when it is verified and when it is unknown", async () => {
    for (const email of Object.values(await threeAddresses())) {
      const answer = await foyer.resend(email.toUpperCase());
      expect(answer.status).to.equal(202);
      expect(answer.body).to.deep.equal({ email: email.toUpperCase().replace("EXAMPLE.COM", "example.com") });
    }
  });

  it("leads a form alike to a page that promises an email where there is something to verify", async () => {
    for (const email of Object.values(await threeAddresses())) {
      const answer = await resendByForm(email);
      expect(answer.status).to.equal(303);
      expect(answer.headers["location"]).to.equal("/verify?sent");
    }
    expect((await foyer.http.get("/verify?sent")).text).to.include(
      "If that address is waiting to be verified, we have sent it a new email.",
    );
  });

  it("sends a new link to an address that waits", async () => {
    const { waiting } = await threeAddresses();
    await foyer.resend(waiting);
    const [again] = await emailsTo(foyer, waiting, 2);
    expect((await foyer.verify(again.token)).status).to.equal(200);
  });

  it("sends a link that works where the one before has expired, and then both do", async () => {
    const { address, token } = await signUp(foyer);
    await foyer.travel("24 hours");
    await foyer.resend(address);
    const [again] = await emailsTo(foyer, address, 2);
    expect((await foyer.verify(again.token)).status).to.equal(200);
    expect((await foyer.verify(token)).status).to.equal(200);
  });

  it("tells the mailbox of a verified address that it has an account, without a link", async () => {
    const { verified } = await threeAddresses();
    await foyer.resend(verified);
    const [told] = await emailsTo(foyer, verified, 2);
    expect(told).to.include({ subject: "You already have an account", token: "" });
  });

  it("sends nothing to an unknown address", async () => {
    const { unknown } = await threeAddresses();
    await foyer.resend(unknown);
    await resendByForm(unknown);
    await allSent(foyer);
    expect(await readMailbox(foyer, unknown)).to.deep.equal([]);
  });

  it("sends one email when it is asked for several times within a minute", async () => {
    const { address } = await signUp(foyer);
    await Promise.all([foyer.resend(address), foyer.resend(address), foyer.resend(address)]);
    await emailsTo(foyer, address, 2);
    await allSent(foyer);
    // A minute may have ended between them.
    expect((await emailsTo(foyer, address, 2)).length).to.be.within(2, 3);
  });

  it("sends a link for an account from before addresses were verified, which then keeps its password", async () => {
    const { address } = await signUp(foyer);
    await allSent(foyer);
    await foyer.sql("delete from sign_ups where email_key = ?", address);
    await foyer.sql("update users set unverified_expires_at = null where email_key = ?", address);
    await foyer.resend(address);
    const [{ token }] = await emailsTo(foyer, address, 2);
    expect((await foyer.verify(token)).status).to.equal(200);
    const { hashed_password } = await accountOf(foyer, address);
    expect(await fits(PASSWORD, hashed_password)).to.equal(true);
  });

  it("answers 400 invalid_input when the address is none", async () => {
    const { errors } = expectProblem(await foyer.resend("nobody"), 400, "invalid_input");
    expect(errors).to.be.an("array").with.nested.property("[0].field", "email");
  });

  it("shows a form again with what is wrong when the address is none", async () => {
    const page = await resendByForm("no<body");
    expect(page.status).to.equal(400);
    expect(page.text)
      .to.match(/id="email-error"/)
      .and.include('value="no&lt;body"');
  });

  it("answers 415 to text/plain", async () => {
    expect((await foyer.http.post("/verify/resend").type("text/plain").send("x")).status).to.equal(415);
  });
});
