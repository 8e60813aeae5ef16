import { expect } from "chai";
import { newSignedIn } from "../support/account.ts";
import { askForChange, confirmChange, postSignedIn, tokenIn, undoChange } from "../support/email-change.ts";
import { allSent, emailAbout, readMailbox } from "../support/emails.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { NO_LIMIT } from "../support/limits.ts";
import { newAddress } from "../support/sign-up.ts";
import { waitFor } from "../support/wait-for.ts";

describe("the limit on emails to a mailbox, where its own account is concerned", () => {
  let foyer: TestFoyer;
  beforeEach(async () => {
    foyer = await startFoyer({ rateLimits: { ...NO_LIMIT, perMailbox: { count: 2, seconds: 3600 } } });
  });
  afterEach(() => foyer.stop());

  /** As many as a stranger can have sent there. */
  async function fill(email: string) {
    await foyer.http.post("/reset").send({ email });
    await foyer.resend(email);
    await foyer.http.post("/reset").send({ email });
  }

  it("keeps no notice waiting behind what strangers or thieves had sent there", async () => {
    const own = await newSignedIn(foyer);
    await fill(own.email);
    const to = newAddress();
    await postSignedIn(foyer, own.cookie, "/account/email", { email: to });
    const confirms = await tokenIn(foyer, to, "Confirm your new email address");
    const undoes = await tokenIn(foyer, own.email, "Someone asked to change your email address");
    expect((await confirmChange(foyer, confirms)).status).to.equal(200);
    await emailAbout(foyer, own.email, "Your email address was changed");
    expect((await undoChange(foyer, undoes)).status).to.equal(200);
    // The newest, for a stranger asked for one before.
    await waitFor(async () =>
      (await readMailbox(foyer, own.email)).find(({ text }) => text.includes("has its old email address back")),
    );
  });

  it("holds for each kind of notice, and for the address that somebody asks for", async () => {
    const own = await newSignedIn(foyer);
    const to = newAddress();
    for (let n = 0; n < 2; n += 1) await askForChange(foyer, own, to);
    const before = await readMailbox(foyer, to);
    await postSignedIn(foyer, own.cookie, "/account/email", { email: to.replace("@", "+tag@") });
    const held = async () => (await foyer.rows("emails")).filter(({ is_held }) => is_held).length;
    await waitFor(async () => ((await held()) === 2 ? true : undefined));
    expect(await readMailbox(foyer, to)).to.have.length(before.length);
    await foyer.travel("2 hours");
    await allSent(foyer);
  });
});
