import { expect } from "chai";
import pg from "pg";
import { newAccount, newSignedIn, whoIs } from "../support/account.ts";
import { createDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newResetToken } from "../support/reset-link.ts";
import { accountOf, newAddress, signUp } from "../support/sign-up.ts";
import { waitFor } from "../support/wait-for.ts";

const NEW = "another horse battery";

function resetAt(foyer: TestFoyer, token: string, password = NEW) {
  return foyer.http.post("/reset/confirm").send({ token, password });
}

describe("a link that sets a password", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  const reset = (token: string) => resetAt(foyer, token);
  const verifyWithNewPassword = (token: string) =>
    foyer.http.post("/verify").send({ token, newPassword: "a third horse" });
  const signIn = (email: string, password: string) => foyer.http.post("/sign-in").send({ email, password });

  /** An unverified account, with both of the links that its mailbox may get. */
  async function unverified() {
    const { address, token } = await signUp(foyer);
    const { id } = await accountOf(foyer, address);
    return { id, address, verifies: token, resets: await newResetToken(foyer, address) };
  }

  async function expectVoid(token: string, address: string) {
    expectProblem(await reset(token), 410, "token_used");
    expect((await foyer.http.get(`/reset?token=${token}`)).status).to.equal(410);
    expect((await signIn(address, "a third horse")).status).to.equal(200);
  }

  it("is void once the link of a sign-up set another password", async () => {
    const { address, verifies, resets } = await unverified();
    expect((await verifyWithNewPassword(verifies)).status).to.equal(200);
    await expectVoid(resets, address);
  });

  it("is void then too where the account dates from before addresses were verified", async () => {
    const { address, verifies, resets } = await unverified();
    await foyer.sql("update users set unverified_expires_at = null where email_key = ?", address);
    expect((await verifyWithNewPassword(verifies)).status).to.equal(200);
    await expectVoid(resets, address);
  });

  it("still sets one where the address was verified and the password stayed", async () => {
    const { address, verifies, resets } = await unverified();
    expect((await foyer.verify(verifies)).status).to.equal(200);
    expect((await reset(resets)).status).to.equal(200);
    expect((await signIn(address, NEW)).status).to.equal(200);
  });

  for (const when of ["", " deferrable initially deferred"]) {
    describe(`where an app's table refers to accounts without \`on delete cascade\`${when}`, () => {
      before(() => foyer.sql(`create table app_rows (user_id bigint references users (id)${when})`));
      after(() => foyer.sql("drop table app_rows"));

      it("is void once another set a password, and is none of the row that stays for the app", async () => {
        const { id, address, verifies, resets } = await unverified();
        await foyer.sql("insert into app_rows values (?)", id);
        expect((await verifyWithNewPassword(verifies)).status).to.equal(200);
        await expectVoid(resets, address);
      });

      it("sets a password under another id", async () => {
        const { id, address, resets } = await unverified();
        await foyer.sql("insert into app_rows values (?)", id);
        expect((await reset(resets)).body.id).to.be.greaterThan(id);
        expect((await signIn(address, NEW)).status).to.equal(200);
        expectProblem(await reset(resets), 410, "token_used");
      });
    });
  }

  it("is none of a disabled account, by page either", async () => {
    const { id, email } = await newAccount(foyer);
    const token = await newResetToken(foyer, email);
    await foyer.sql("update users set disabled_at = now() where id = ?", id);
    expect((await foyer.http.get(`/reset?token=${token}`)).status).to.equal(404);
    const page = await foyer.http.post("/reset/confirm").type("form").send({ token, password: NEW });
    expect(page.text).to.include("This link cannot be used").and.not.include(email);
  });

  it("sets none where the mailbox cannot be told, and is as good as before", async () => {
    const { email, cookie } = await newSignedIn(foyer);
    const token = await newResetToken(foyer, email);
    await foyer.sql("alter table emails add constraint untold check (purpose <> 'password_changed') not valid");
    expect((await reset(token)).status).to.equal(500);
    const changed = await foyer.http
      .post("/account/password")
      .set({ Cookie: cookie, Origin: foyer.url })
      .send({ currentPassword: PASSWORD, password: NEW });
    expect(changed.status).to.equal(500);
    await foyer.sql("alter table emails drop constraint untold");
    expect([await whoIs(foyer, cookie), (await signIn(email, PASSWORD)).status]).to.deep.equal([email, 200]);
    expect((await reset(token)).status).to.equal(200);
  });

  it("begins anew what strangers failed before there was the account, or while it had another id", async () => {
    const address = newAddress();
    const fail = () => Promise.all(Array.from({ length: 101 }, () => signIn(address, "wrong horse battery")));
    await fail();
    await signUp(foyer, address);
    expect((await reset(await newResetToken(foyer, address))).status).to.equal(200);
    expect((await signIn(address, NEW)).status).to.equal(200);

    const { address: other, resets } = await unverified();
    await Promise.all(Array.from({ length: 101 }, () => signIn(other, "wrong horse battery")));
    expect((await reset(resets)).status).to.equal(200);
    expect((await signIn(other, NEW)).status).to.equal(200);
  });
});

describe("those who change one account's password at the same moment", () => {
  let database: TestDatabase;
  let foyer: TestFoyer;
  before(async function () {
    // The embedded database has one connection.
    if (!postgresUrl) return this.skip();
    database = await createDatabase();
    foyer = await startFoyer({ database: database.settings });
  });
  after(async () => {
    await foyer?.stop();
    await database?.drop();
  });

  it("wait for each other in one order, so that none has to begin again", async () => {
    const { id, email, cookie } = await newSignedIn(foyer);
    const first = await newResetToken(foyer, email);
    await foyer.sql("update emails set key = 'old ' || id");
    const second = await newResetToken(foyer, email);
    let locked = 0;
    foyer.watchStatements((sql) => {
      if (/from "public"\."users".+ for no key update$/.test(sql)) locked += 1;
    });
    const app = new pg.Client({ connectionString: database.env["DATABASE_URL"] });
    await app.connect();
    await app.query(`begin; select from users where id = ${id} for update`);
    const waiting = async () => {
      // Not by the app's transaction, which would see no connection that was opened since it looked first.
      const { rows } = await foyer.sql(
        "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
      );
      return rows.length >= 3 ? true : undefined;
    };
    const answers = Promise.all([
      resetAt(foyer, first, "first horse battery"),
      resetAt(foyer, second, "second horse battery"),
      foyer.http
        .post("/account/password")
        .set({ Cookie: cookie, Origin: foyer.url })
        .send({ currentPassword: PASSWORD, password: NEW }),
    ]);
    await waitFor(waiting);
    await app.query("commit");
    await app.end();
    expect((await answers).filter(({ status }) => status === 200)).to.have.length(1);
    expect(locked).to.equal(3);
  });
});
