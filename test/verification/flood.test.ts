import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { allSent, emailsTo } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { accountOf, newAddress } from "../support/sign-up.ts";

const ATTACKERS = "attacker's secret";
const OWNERS = "owner's own secret";
/** More than one transaction closes. */
const MANY = 1200;

for (const privacy of ["open", "discreet"] as const) {
  describe(`an address that strangers signed up very often, in ${privacy} mode`, () => {
    let foyer: TestFoyer;
    let address = "";
    before(async () => {
      foyer = await startFoyer({ privacy });
    });
    beforeEach(async () => {
      address = newAddress();
      await foyer.register(address, ATTACKERS);
      await emailsTo(foyer, address);
      await foyer.sql(
        `insert into sign_ups (email, email_key, user_id, hashed_password, device_hash)
         select email, email_key, user_id, hashed_password, 'stranger ' || n from sign_ups, generate_series(2, ${MANY}) n
         where email_key = ?`,
        address,
      );
    });
    after(() => foyer.stop());

    const open = async () =>
      (await foyer.rows("sign_ups")).filter(({ email_key, outcome }) => email_key === address && outcome === null);

    it("is verified at once, and then all of them come to nothing", async () => {
      await foyer.register(address, OWNERS);
      const [mine] = await emailsTo(foyer, address, 2);
      const answer = await foyer.verify(mine.token, OWNERS);
      expect(answer.status).to.equal(200);
      while ((await open()).length > 0) await setTimeout(20);
      const { id } = await accountOf(foyer, address);
      const rows = (await foyer.rows("sign_ups")).filter(({ email_key }) => email_key === address);
      expect(rows).to.have.length(MANY + 1);
      for (const row of rows) expect(row).to.include({ hashed_password: null, user_id: id });
      expect(rows.filter(({ outcome }) => outcome === "verified")).to.have.length(1);
      expect((await foyer.users()).filter(({ email }) => email.startsWith("replaced"))).to.have.length.at.most(1);
      await foyer.travel("1 minute");
      await foyer.purge();
      expect((await foyer.users()).filter(({ email }) => email.startsWith("replaced"))).to.deep.equal([]);
    });

    it("is refused with 410 to a sign-up that was not closed yet", async () => {
      await foyer.register(address, OWNERS);
      const [mine, theirs] = await emailsTo(foyer, address, 2);
      expect((await foyer.verify(mine.token, OWNERS)).status).to.equal(200);
      await foyer.sql(
        "update sign_ups set outcome = null, hashed_password = 'x' where email_key = ? and outcome = 'superseded'",
        address,
      );
      expectProblem(
        await foyer.http.post("/verify").send({ token: theirs?.token, newPassword: ATTACKERS }),
        410,
        "token_used",
      );
    });
  });
}

describe("an account that an app's table refers to without `on delete cascade`", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
    await foyer.sql("create table app_rows (user_id bigint references users (id))");
  });
  after(() => foyer.stop());

  it("is its owner's under another id all the same, and keeps nobody else's from being purged", async () => {
    const address = newAddress();
    const { body: opened } = await foyer.register(address, ATTACKERS);
    await foyer.sql("insert into app_rows values (?)", opened.id);
    const [{ token }] = await emailsTo(foyer, address);
    const answer = await foyer.http.post("/verify").send({ token, newPassword: OWNERS });
    expect(answer.status).to.equal(200);
    expect(answer.body.id).to.be.above(opened.id);
    const other = newAddress();
    await foyer.register(other);
    await emailsTo(foyer, other);
    await allSent(foyer);
    await foyer.travel("8 days");
    const kept = await foyer.purge().catch((fault: unknown) => String(fault));
    expect(kept).to.include("app_rows");
    const emails = (await foyer.users()).map(({ email }) => email);
    expect(emails).to.have.members([address, `replaced ${opened.id}`]);
    expect(await foyer.rows("sign_ups")).to.deep.equal([]);
  });
});
