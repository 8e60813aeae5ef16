import { expect } from "chai";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { mailsTo } from "../support/mailbox.ts";
import { type Smtp, startSmtp } from "../support/smtp.ts";

const PASSWORD = "secret123";
const WIRE = "x@xn--bcher-kva.de";
const READABLE = "x@bücher.de";

describe("an address with a domain in other letters", () => {
  let foyer: TestFoyer;
  let smtp: Smtp | undefined;
  afterEach(async () => {
    await foyer.stop();
    await smtp?.close();
    smtp = undefined;
  });

  it("is shown to people as they write it, and to programs in its wire form", async () => {
    foyer = await startFoyer();
    const json = await foyer.http.post("/register").send({ email: READABLE, password: PASSWORD });
    expect(json.body.email).to.equal(WIRE);
    expect((await foyer.users()).map(({ email }) => email)).to.deep.equal([WIRE]);
    const [{ token, text, number }] = await mailsTo(foyer, READABLE);
    const pages = [
      text,
      (await foyer.http.get(`/mailbox/${number}/html`)).text,
      (await foyer.http.get(`/mailbox/${number}`)).text,
      (await foyer.http.get(`/verify?token=${token}`)).text,
      // Chromium sends what was typed in letters in the wire form.
      (await foyer.http.post("/register").type("form").send({ email: WIRE, password: "no" })).text,
      (
        await foyer.http
          .post("/register")
          .type("form")
          .send({ email: WIRE, password: "x".repeat(20_000) })
      ).text,
      (
        await foyer.http
          .post("/verify/resend")
          .type("form")
          .send({ email: `<${WIRE}>` })
      ).text,
    ];
    for (const page of pages.map((page) => page.replaceAll("&lt;", "<")))
      expect(page).to.include(READABLE).and.not.include(`${WIRE}<`).and.not.include(`"${WIRE}`).and.not.include(`${WIRE},`);
    expect((await foyer.http.post("/verify/resend").send({ email: READABLE })).body).to.deep.equal({ email: WIRE });
    expect((await foyer.http.post("/verify").send({ token })).body.email).to.equal(WIRE);
  });

  it("is in its mail as it is written, on its envelope as it is sent, and so is the host", async () => {
    smtp = await startSmtp();
    const mail = { kind: "smtp" as const, url: smtp.url(), from: { name: "", address: "accounts@example.com" } };
    foyer = await startFoyer({ mail, publicUrl: new URL("https://konten.bücher.de") });
    await foyer.http.post("/register").send({ email: READABLE, password: PASSWORD });
    while (smtp.taken.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const [letter] = smtp.taken;
    expect(letter?.text).to.include(`signed up at konten.bücher.de\nwith ${READABLE}\n`);
    expect(letter?.text).to.include("https://konten.xn--bcher-kva.de/verify?token=");
    expect(String(letter?.html)).to.include(`<bdi>${READABLE}</bdi>`).and.include("<bdi>konten.bücher.de</bdi>");
  });

  it("turns no sentence around that is written the other way", async () => {
    foyer = await startFoyer();
    const email = "مثال@ايران.ir";
    await foyer.http.post("/register").send({ email, password: PASSWORD });
    const [{ token, text, number }] = await mailsTo(foyer, email);
    expect((await foyer.http.get(`/mailbox/${number}/html`)).text).to.include(`<bdi>${email}</bdi>`);
    expect((await foyer.http.get(`/verify?token=${token}`)).text).to.include(`dir="auto">${email}</strong>`);
    // In plain text it ends its line: what follows is a paragraph of its own to whoever lays it out.
    expect(text).to.include(`\nwith ${email}\n`);
  });

  it("has lines in its mail that are no longer than a screen, but for what cannot be broken", async () => {
    foyer = await startFoyer({
      publicUrl: new URL(`http://${"a-long-name.".repeat(6)}localhost`),
      mail: { kind: "mailbox", from: { name: "", address: "a@example.com" } },
    });
    const email = `${"l".repeat(64)}@${"d".repeat(60)}.com`;
    await foyer.http.post("/register").send({ email, password: PASSWORD });
    const [{ token, text }] = await mailsTo(foyer, email);
    await foyer.http.post("/verify").send({ token });
    await foyer.http.post("/verify/resend").send({ email });
    const [told] = await mailsTo(foyer, email, 2);
    for (const line of [text, told.text].join("\n").split("\n")) if (line.length > 78) expect(line).to.match(/^\S+$/);
  });
});
