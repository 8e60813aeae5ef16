import { expect } from "chai";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { signUp } from "../support/sign-up.ts";

describe("an email whose purpose only a newer version knows", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  it("waits for an instance of that, untried, and keeps no other waiting", async () => {
    await foyer.sql("insert into emails (key, email_key, purpose) values ('newer', 'newer@example.com', 'newer')");
    await signUp(foyer);
    await signUp(foyer);
    const newer = (await foyer.rows("emails")).find(({ key }) => key === "newer");
    expect(newer).to.include({ finished_at: null, attempts: 0, lease_version: 0 });
  });
});
