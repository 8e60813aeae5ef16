import { expect } from "chai";
import { forgetFailures } from "../../src/service/sessions/attempt.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { least } from "../support/least.ts";

describe("what very many strangers made", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  it("takes nobody longer who asks for an email again, though it is at their address", async () => {
    await foyer.register("victim@example.com");
    const resend = () => foyer.resend("victim@example.com");
    const few = await least(resend);
    await foyer.sql(`insert into sign_ups (email, email_key, hashed_password)
      select 'victim@example.com', 'victim@example.com', 'x' from generate_series(1, 100000) n`);
    expect((await least(resend)) / few).to.be.below(4);
  });

  it("takes no account longer whose failed guesses are forgotten, though it is others'", async () => {
    const forget = () => forgetFailures(foyer.self().foyer.database.db, { id: 1, email_key: "a@example.com" });
    const few = await least(forget);
    await foyer.sql(
      "insert into sign_in_failures (key, user_id, failures) select n, n, 1 from generate_series(2, 100000) n",
    );
    expect((await least(forget)) / few).to.be.below(4);
  });
});
