import { expect } from "chai";
import { emailsTo, type ReadEmail } from "../support/emails.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";

const ADVERTISEMENT = "buy-at.pills.example";
const ANDROID =
  "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36";

describe("the email of a sign-up", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  async function signUpFrom(userAgent: string, address = newAddress()) {
    await foyer.http.post("/register").set("User-Agent", userAgent).send({ email: address, password: PASSWORD });
    const [email] = await emailsTo(foyer, address);
    return email;
  }

  const htmlOf = async ({ number }: ReadEmail) => (await foyer.http.get(`/mailbox/${number}/html`)).text;
  const inOneLine = (text: string) => text.replaceAll(/\s+/g, " ");

  it("says when it was, and from which browser and system, as text and as HTML", async () => {
    const email = await signUpFrom(ANDROID);
    expect(inOneLine(email.text)).to.match(/on \d+ \w+ \d{4} at \d\d:\d\d:\d\d UTC, from Chrome on Android\./);
    expect(await htmlOf(email)).to.match(/UTC<\/bdi>, from <bdi>Chrome<\/bdi> on <bdi>Android<\/bdi>\./);
  });

  it("says that the code is for nobody else, and what to do elsewhere and if it was somebody else", async () => {
    const email = await signUpFrom(ANDROID);
    for (const text of [inOneLine(email.text), inOneLine(await htmlOf(email)).replaceAll(/<\/?bdi>/g, "")]) {
      expect(text)
        .to.include("Do not share this code. Nobody from Foyer will ask you for it.")
        .and.include(
          "In a different browser from the one you signed up in, you will be asked for the password you chose",
        )
        .and.include("use the link to choose a password of your own");
    }
  });

  it("quotes nothing that a stranger chose: neither a part of the address nor an unknown User-Agent", async () => {
    const address = `${ADVERTISEMENT}+${ADVERTISEMENT}@example.com`;
    const email = await signUpFrom(`${ADVERTISEMENT}/1.0 (Linux; ${ADVERTISEMENT})`, address);
    expect(inOneLine(email.text)).to.include("from an unknown device.");
    await foyer.verify(email.token);
    await foyer.resend(address);
    const [registered] = await emailsTo(foyer, address, 2);
    expect(registered.subject).to.equal("You already have an account");
    for (const one of [email, registered]) {
      for (const words of [one.subject, one.text, await htmlOf(one)]) expect(words).not.to.include("pills");
    }
  });

  it("warns where its address has more than one open sign-up, whatever browser they came from", async () => {
    const address = newAddress();
    const cookie = `foyer-browser=${"a".repeat(43)}`;
    const signUp = (password: string) =>
      foyer.http.post("/register").set("Cookie", cookie).send({ email: address, password });
    await signUp(PASSWORD);
    await emailsTo(foyer, address);
    await signUp("another-secret");
    const [second, first] = await emailsTo(foyer, address, 2);
    expect(second.text).to.include("Careful: ");
    expect(first?.text).not.to.include("Careful: ");
  });
});
