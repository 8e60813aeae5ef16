import { expect } from "chai";
import { newSignedIn, signIn } from "../support/account.ts";
import { askForChange, changeAddress, confirmChange, postSignedIn, undoChange } from "../support/email-change.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

describe("deleting an account whose address was changed lately", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ deletionGraceDays: 0 });
  });
  after(() => foyer.stop());

  const daysUntil = (time: string) => (Date.parse(time) - Date.now()) / DAY_MS;

  it("waits until the mailbox before can no longer undo that, whatever the grace", async () => {
    const own = await newSignedIn(foyer);
    const { undoes } = await changeAddress(foyer, own, newAddress());
    const { status, body } = await postSignedIn(foyer, own.cookie, "/account/delete");
    expect(status).to.equal(202);
    expect(daysUntil(body.deletesAt)).to.be.within(6.99, 7);
    await foyer.travel("6 days");
    await foyer.purge();
    expect((await undoChange(foyer, undoes)).status).to.equal(200);
    await foyer.travel("2 days");
    await foyer.purge();
    expect((await foyer.users()).map(({ email }) => email)).to.include(own.email);
  });

  it("waits so too where the address is changed after that was asked for", async () => {
    const own = await newSignedIn(foyer);
    const { confirms } = await askForChange(foyer, own, newAddress());
    await foyer.sql("update users set deletes_at = now() + interval '1 day' where id = ?", own.id);
    expect((await confirmChange(foyer, confirms)).status).to.equal(200);
    const user = (await foyer.users()).find(({ id }) => id === own.id);
    expect(daysUntil(user?.deletes_at?.toISOString() ?? "")).to.be.within(6.99, 7);
  });

  it("is at once where it was changed longer ago", async () => {
    const own = await newSignedIn(foyer);
    const to = newAddress();
    await changeAddress(foyer, own, to);
    await foyer.travel("8 days");
    const { cookie } = await signIn(foyer, to);
    await postSignedIn(foyer, cookie, "/account/delete");
    expect((await foyer.users()).map(({ id }) => id)).not.to.include(own.id);
  });
});
