import { expect } from "chai";
import { newSignedIn, signIn } from "../support/account.ts";
import { askForChange, postSignedIn } from "../support/email-change.ts";
import { allSent } from "../support/emails.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newResetToken } from "../support/reset-link.ts";
import { newAddress } from "../support/sign-up.ts";

/** More than one statement deletes. */
const MANY = 600;

for (const privacy of ["open", "discreet"] as const) {
  describe(`purge of an account whose time has come, in ${privacy} mode`, () => {
    let foyer: TestFoyer;
    before(async () => {
      foyer = await startFoyer({ privacy });
    });
    after(() => foyer.stop());

    /** All rows of all tables, each as a text. */
    async function allRows() {
      const { rows: tables } = await foyer.sql(
        "select table_name from information_schema.tables where table_schema = 'public'",
      );
      const found: string[] = [];
      for (const { table_name } of tables) {
        const { rows } = await foyer.sql(`select '${table_name} ' || one::text as row from ${table_name} one`);
        found.push(...rows.map(({ row }) => String(row).toLowerCase()));
      }
      return found;
    }

    /** An account with everything that an account may have, and all that strangers did at its address. */
    async function newFull() {
      const own = await newSignedIn(foyer);
      const { id, email } = own;
      await askForChange(foyer, own, newAddress());
      await newResetToken(foyer, email);
      await foyer.resend(email);
      await foyer.register(email, "a stranger's horse");
      for (const wrong of [email, email.toUpperCase()])
        await foyer.http.post("/sign-in").send({ email: wrong, password: "wrong horse battery" });
      const guess = { password: "wrong horse battery" };
      await postSignedIn(foyer, own.cookie, "/account/reauthenticate", guess);
      await foyer.sql(
        `insert into sign_ups (email, email_key, user_id, hashed_password, user_agent)
         select upper(?::text), ?, case when n % 2 = 0 then ?::bigint end, 'x', 'Stranger' from generate_series(1, ${MANY}) n`,
        email,
        email,
        id,
      );
      await foyer.sql(
        `insert into verification_tokens (token_hash, sign_up_id, code_hash, expires_at)
         select 'stranger ' || id, id, 'x', now() + interval '1 day' from sign_ups where user_agent = 'Stranger'`,
      );
      await signIn(foyer, email, { keep: true });
      await allSent(foyer);
      await postSignedIn(foyer, own.cookie, "/account/delete");
      await signIn(foyer, email, { keep: true });
      await foyer.http.post("/sign-in").send({ email, password: "wrong horse battery" });
      await allSent(foyer);
      return own;
    }

    it("leaves nothing of it, and all of the others", async () => {
      const other = await newSignedIn(foyer);
      const { id, email } = await newFull();
      const before = await allRows();
      for (const table of ["users", "sign_ups", "emails", "verification_tokens", "reset_tokens", "sessions"])
        expect(
          before.filter((row) => row.startsWith(`${table} `)),
          table,
        ).not.to.deep.equal([]);
      for (const table of ["email_changes", "email_change_tokens", "sign_in_failures"])
        expect(
          before.filter((row) => row.startsWith(`${table} `)),
          table,
        ).not.to.deep.equal([]);
      await foyer.sql("update users set deletes_at = now() where id = ?", id);
      await foyer.purge();
      const after = await allRows();
      expect(after.filter((row) => row.includes(email))).to.deep.equal([]);
      expect(after.filter((row) => row.includes("stranger"))).to.deep.equal([]);
      for (const table of ["users", "sessions", "sign_ups", "emails", "email_changes", "sign_in_failures"]) {
        const left = (await foyer.rows(table)).filter((row) => row[table === "users" ? "id" : "user_id"] === id);
        expect(left, table).to.deep.equal([]);
      }
      for (const table of ["reset_tokens", "email_change_tokens"]) expect(await foyer.rows(table)).to.deep.equal([]);
      expect((await foyer.users()).map(({ email: left }) => left)).to.deep.equal([other.email]);
      expect((await foyer.rows("sessions")).map(({ user_id }) => user_id)).to.deep.equal([other.id]);
      expect((await signIn(foyer, other.email)).id).to.equal(other.id);
    });

    it("comes to the account all at once or not at all, however many sign-ups strangers made", async () => {
      const { id, email } = await newFull();
      await foyer.sql("update users set deletes_at = now() where id = ?", id);
      const rowsOf = async () => {
        const tables = ["users", "sessions", "sign_ups", "emails", "email_changes", "sign_in_failures"];
        return Promise.all(
          tables.map(async (table) => {
            const rows = await foyer.rows(table);
            return rows.filter((row) => row[table === "users" ? "id" : "user_id"] === id && !row["user_agent"]).length;
          }),
        );
      };
      const before = await rowsOf();
      expect(before).not.to.include(0);
      await foyer.sql("create table app_rows (user_id bigint references users (id))");
      await foyer.sql("insert into app_rows values (?)", id);
      await foyer.purge().catch(() => {});
      expect(await rowsOf()).to.deep.equal(before);
      // Of strangers' sign-ups as many as one statement deletes are left: the others went before, in as short ones.
      const strange = (await foyer.rows("sign_ups")).filter(({ user_agent }) => user_agent === "Stranger");
      expect(strange.length).to.be.within(1, 250);
      await foyer.sql("drop table app_rows");
      await Promise.all([foyer.purge(), foyer.purge()]);
      expect((await allRows()).filter((row) => row.includes(email))).to.deep.equal([]);
    });

    it("leaves an account alone that may still be kept, and one that was", async () => {
      const { email, cookie } = await newSignedIn(foyer);
      await postSignedIn(foyer, cookie, "/account/delete");
      await foyer.travel("6 days 23 hours");
      await foyer.purge();
      const { cookie: again } = await signIn(foyer, email);
      await postSignedIn(foyer, again, "/account/keep");
      await foyer.travel("2 hours");
      await foyer.purge();
      expect((await foyer.http.post("/sign-in").send({ email, password: PASSWORD })).status).to.equal(200);
    });
  });
}
