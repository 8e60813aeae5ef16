import { expect } from "chai";
import { newSignedIn, whoIs } from "../support/account.ts";
import {
  askForChange,
  changeAddress,
  confirmChange,
  postSignedIn,
  tokenIn,
  undoChange,
} from "../support/email-change.ts";
import { allSent, emailAbout, readMailbox } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";
import { waitFor } from "../support/wait-for.ts";

describe("emails about a change of address that leave late", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
    await foyer.sql(
      `create function wait() returns trigger language plpgsql as
         'begin new.available_at := now() + interval ''1 hour''; return new; end'`,
    );
  });
  after(() => foyer.stop());

  /** Has emails of a purpose wait until they may leave. */
  const holdBack = (purpose: string) =>
    foyer.sql(
      `create trigger wait before insert on emails for each row when (new.purpose = '${purpose}') execute function wait()`,
    );
  async function letLeave() {
    await foyer.sql("drop trigger if exists wait on emails");
    await foyer.sql("update emails set available_at = now() where finished_at is null");
    await allSent(foyer);
  }
  const subjects = async (address: string) =>
    (await readMailbox(foyer, address)).map(({ subject }) => subject).filter((subject) => /address/.test(subject));

  async function confirmToken(own: { cookie: string }, to: string) {
    expect((await postSignedIn(foyer, own.cookie, "/account/email", { email: to })).status).to.equal(202);
    return tokenIn(foyer, to, "Confirm your new email address");
  }

  it("reach the address before, where it was changed and changed again meanwhile, and undo it all", async () => {
    const own = await newSignedIn(foyer);
    const [second, third] = [newAddress(), newAddress()];
    await holdBack("email_change_notice");
    for (const to of [second, third])
      expect((await confirmChange(foyer, await confirmToken(own, to))).status).to.equal(200);
    expect(await whoIs(foyer, own.cookie)).to.equal(third);
    await foyer.travel("2 days");
    await letLeave();
    const undoes = await tokenIn(foyer, own.email, "Your email address was changed");
    expect(await subjects(third)).to.deep.equal(["Confirm your new email address"]);
    expect(await subjects(second)).to.include("Your email address was changed");
    await foyer.travel("6 days");
    expect((await undoChange(foyer, undoes)).body).to.include({ id: own.id, email: own.email });
  });

  it("reach it where the operator changed the address by SQL meanwhile", async () => {
    const own = await newSignedIn(foyer);
    await holdBack("email_change_notice");
    await confirmToken(own, newAddress());
    await foyer.sql("update users set email = 'sql@example.com', email_key = 'sql@example.com' where id = ?", own.id);
    await letLeave();
    await emailAbout(foyer, own.email, "Someone asked to change your email address");
    expect(await readMailbox(foyer, "sql@example.com")).to.deep.equal([]);
  });

  it("are kept for as long as they wait, and leave then", async () => {
    const own = await newSignedIn(foyer);
    const to = newAddress();
    await holdBack("email_change_notice");
    expect((await confirmChange(foyer, await confirmToken(own, to))).status).to.equal(200);
    await foyer.travel("10 days");
    await foyer.sql("update emails set available_at = now() + interval '1 hour' where finished_at is null");
    await foyer.purge();
    await letLeave();
    const undoes = await tokenIn(foyer, own.email, "Your email address was changed");
    expect((await undoChange(foyer, undoes)).body).to.include({ id: own.id, email: own.email });
  });

  it("say nothing any more where another was asked for meanwhile, or the mailbox stopped it", async () => {
    const own = await newSignedIn(foyer);
    const [first, second] = [newAddress(), newAddress()];
    await holdBack("email_change");
    for (const email of [first, second])
      expect((await postSignedIn(foyer, own.cookie, "/account/email", { email })).status).to.equal(202);
    const undoes = await tokenIn(foyer, own.email, "Someone asked to change your email address");
    await foyer.sql("update emails set available_at = now() where email_key = ?", first);
    await waitFor(async () =>
      (await foyer.rows("emails")).find(({ email_key, finished_at }) => email_key === first && finished_at),
    );
    expect(await readMailbox(foyer, first)).to.deep.equal([]);
    expect((await undoChange(foyer, undoes)).status).to.equal(200);
    await letLeave();
    expect(await readMailbox(foyer, second)).to.deep.equal([]);
  });

  it("quote neither address, nor what a stranger chose", async () => {
    const own = await newSignedIn(foyer);
    const to = newAddress();
    await changeAddress(foyer, own, to);
    for (const address of [own.email, to]) {
      for (const { text } of (await readMailbox(foyer, address)).filter(({ subject }) => /address/.test(subject)))
        expect(text.replaceAll(/token=[\w-]+/g, ""))
          .not.to.include(own.email)
          .and.not.include(to);
    }
  });

  it("have links of which no row holds the token", async () => {
    const own = await newSignedIn(foyer);
    const { confirms, undoes } = await askForChange(foyer, own, newAddress());
    await confirmChange(foyer, confirms);
    const rows = JSON.stringify([await foyer.rows("email_change_tokens"), await foyer.rows("emails")]);
    for (const token of [confirms, undoes]) {
      expect(rows).not.to.include(token);
      expect(foyer.logged()).not.to.include(token);
    }
  });
});

describe("changes of address, as time passes", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  const kept = async () => ({
    tokens: (await foyer.rows("email_change_tokens")).length,
    changes: (await foyer.rows("email_changes")).length,
  });
  async function later(interval: string) {
    await foyer.travel(interval);
    await foyer.purge();
    return kept();
  }

  it("are kept while a link says what became of them, a week after it expired, and a month in all", async () => {
    const own = await newSignedIn(foyer);
    const { confirms, undoes } = await askForChange(foyer, own, newAddress());
    expect((await confirmChange(foyer, confirms)).status).to.equal(200);
    await allSent(foyer);
    expect(await kept()).to.deep.equal({ tokens: 3, changes: 1 });
    expect(await later("7 days 23 hours")).to.deep.equal({ tokens: 3, changes: 1 });
    expectProblem(await confirmChange(foyer, confirms), 410, "token_used");
    expectProblem(await undoChange(foyer, undoes), 410, "token_expired");
    expect(await later("2 hours")).to.deep.equal({ tokens: 2, changes: 1 });
    expectProblem(await confirmChange(foyer, confirms), 404, "token_unknown");
    expect(await later("5 days 22 hours")).to.deep.equal({ tokens: 2, changes: 1 });
    expectProblem(await undoChange(foyer, undoes), 410, "token_expired");
    expect(await later("2 hours")).to.deep.equal({ tokens: 0, changes: 1 });
    expectProblem(await undoChange(foyer, undoes), 404, "token_unknown");
    expect(await later("15 days 22 hours")).to.deep.equal({ tokens: 0, changes: 1 });
    expect(await later("3 hours")).to.deep.equal({ tokens: 0, changes: 0 });
  });

  it("are kept beyond a month where a link of theirs still counts", async () => {
    const own = await newSignedIn(foyer);
    const { undoes } = await changeAddress(foyer, own, newAddress());
    await foyer.sql("update email_changes set created_at = now() - interval '40 days'");
    await foyer.purge();
    expect((await undoChange(foyer, undoes)).body).to.include({ email: own.email });
  });

  it("go with their account", async () => {
    const own = await newSignedIn(foyer);
    const { confirms, undoes } = await askForChange(foyer, own, newAddress());
    await foyer.sql("delete from users where id = ?", own.id);
    expectProblem(await confirmChange(foyer, confirms), 404, "token_unknown");
    expectProblem(await undoChange(foyer, undoes), 404, "token_unknown");
    const left = (await foyer.rows("email_changes")).filter(({ user_id }) => Number(user_id) === own.id);
    expect(left).to.deep.equal([]);
  });
});
