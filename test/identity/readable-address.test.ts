import { expect } from "chai";
import { emailsTo, type ReadEmail } from "../support/emails.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { startSmtp } from "../support/smtp.ts";

const WIRE = "x@xn--bcher-kva.de";
const READABLE = "x@bücher.de";

describe("an address with a domain beyond ASCII", () => {
  let foyer: TestFoyer;
  let registered: string;
  let email: ReadEmail;
  before(async () => {
    foyer = await startFoyer();
    registered = (await foyer.register(READABLE)).body.email;
    [email] = await emailsTo(foyer, READABLE);
  });
  after(() => foyer.stop());

  it("is told to programs, and stored, in its wire form", async () => {
    expect(registered).to.equal(WIRE);
    expect((await foyer.users()).map((user) => user.email)).to.deep.equal([WIRE]);
    expect((await foyer.resend(READABLE)).body).to.deep.equal({ email: WIRE });
  });

  const resendByForm = (address: string) => foyer.http.post("/verify/resend").type("form").send({ email: address });
  // Chromium sends what was typed in letters in the wire form.
  const shown: Record<string, () => Promise<string>> = {
    "the development mailbox": async () => (await foyer.http.get(`/mailbox/${email.number}`)).text,
    "the page of its link": async () => (await foyer.http.get(`/verify?token=${email.token}`)).text,
    "the form with errors": async () => (await foyer.registerByForm(WIRE, "no")).text,
    "the form that was too large": async () => (await foyer.registerByForm(WIRE, "x".repeat(20_000))).text,
    "the form for a new email": async () => (await resendByForm(`<${WIRE}>`)).text,
  };
  for (const [what, read] of Object.entries(shown)) {
    it(`is shown to people as they write it in ${what}`, async () => {
      expect((await read()).replaceAll("&lt;", "<"))
        .to.include(READABLE)
        .and.not.include(`${WIRE}<`)
        .and.not.include(`"${WIRE}`)
        .and.not.include(`${WIRE},`);
    });
  }

  it("is told to the program that verifies it in its wire form", async () => {
    expect((await foyer.verify(email.token)).body.email).to.equal(WIRE);
  });
});

describe("an email from a host beyond ASCII", () => {
  it("names it as people write it in its text and HTML, and in its wire form in the link", async () => {
    const smtp = await startSmtp();
    const mail = { kind: "smtp" as const, url: smtp.url(), from: { name: "", address: "accounts@example.com" } };
    const foyer = await startFoyer({ mail, publicUrl: new URL("https://konten.bücher.de") });
    await foyer.register(READABLE);
    while (smtp.taken.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const [taken] = smtp.taken;
    expect(taken?.text).to.include("\nFoyer · konten.bücher.de\n");
    expect(taken?.text).to.include("https://konten.xn--bcher-kva.de/verify?token=");
    expect(String(taken?.html)).to.include(">konten.bücher.de</a>");
    await foyer.stop();
    await smtp.close();
  });
});

describe("an address that is written from right to left", () => {
  const ADDRESS = "مثال@ايران.ir";
  let foyer: TestFoyer;
  let email: ReadEmail;
  before(async () => {
    foyer = await startFoyer();
    await foyer.register(ADDRESS);
    [email] = await emailsTo(foyer, ADDRESS);
  });
  after(() => foyer.stop());

  it("is isolated from its sentence on the page of its link", async () => {
    const { text } = await foyer.http.get(`/verify?token=${email.token}`);
    expect(text).to.include(`<strong class="address"><bdi>${ADDRESS}</bdi></strong>`);
  });
});

describe("the text of an email", () => {
  it("has lines of at most 78 characters, except for words that cannot be broken", async () => {
    const foyer = await startFoyer({
      publicUrl: new URL(`http://${"a-long-name.".repeat(6)}localhost`),
      mail: { kind: "mailbox", from: { name: "", address: "a@example.com" } },
    });
    const address = `${"l".repeat(64)}@${"d".repeat(60)}.com`;
    await foyer.register(address);
    const [verification] = await emailsTo(foyer, address);
    await foyer.verify(verification.token);
    await foyer.resend(address);
    const [alreadyRegistered] = await emailsTo(foyer, address, 2);
    for (const line of [verification.text, alreadyRegistered.text].join("\n").split("\n"))
      if (line.length > 78) expect(line).to.match(/^\S+$/);
    await foyer.stop();
  });
});
