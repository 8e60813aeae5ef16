import { expect } from "chai";
import { newSignedIn, signIn } from "../support/account.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { type Received, type Receiver, startReceiver } from "../support/receiver.ts";
import { newAddress } from "../support/sign-up.ts";
import { waitFor } from "../support/wait-for.ts";

/** The end of their waits, of those that failed by themselves: none is under way. */
const END_WAITS = `update events set available_at = now()
  where finished_at is null and attempts > 0 and attempts = lease_version`;

/** As by an account that somebody signs in to again and again. */
const FOLLOWERS = `insert into events (type, consumer, user_id, data)
  select type, consumer, user_id, data from events, generate_series(1, 20000) where attempts = 1`;

describe("events that a receiver refuses", () => {
  let foyer: TestFoyer;
  let receiver: Receiver;
  beforeEach(async () => {
    receiver = await startReceiver();
    foyer = await startFoyer({ webhook: receiver.settings() });
  });
  afterEach(async () => {
    await foyer.stop();
    await receiver.close();
  });

  const rowsOf = async (id: number) => (await foyer.rows("events")).filter(({ user_id }) => user_id === id);
  const nameOf = ({ type }: Received) => type.replace("account.", "");

  it("hold up those after them of their account, and no others, however often they are refused", async () => {
    let refused = 0;
    let poisoned = 0;
    receiver.behave(({ data, type }) => {
      if (data.id !== poisoned || type !== "account.signed_in" || refused === 4) return 204;
      refused += 1;
      return 400;
    });
    const { id, email } = await newSignedIn(foyer);
    await receiver.takenOf(id, 3);
    poisoned = id;
    for (let n = 0; n < 3; n += 1) await signIn(foyer, email);
    await waitFor(async () => refused || undefined);
    const other = await newSignedIn(foyer);
    await receiver.takenOf(other.id, 3);
    expect(receiver.taken.filter(({ data }) => data.id === id)).to.have.length(3);
    for (let round = 1; round < 4; round += 1) {
      await waitFor(async () => (await rowsOf(id)).some(({ attempts }) => attempts === round) || undefined);
      await foyer.sql(END_WAITS);
    }
    await waitFor(async () => (await rowsOf(id)).some(({ attempts }) => attempts === 4) || undefined);
    await foyer.sql(END_WAITS);
    const all = await receiver.takenOf(id, 6);
    expect(all.map(nameOf)).to.deep.equal(["created", "verified", "signed_in", "signed_in", "signed_in", "signed_in"]);
    const keys = (await rowsOf(id)).map(({ key }) => `evt_${String(key).replaceAll("-", "")}`);
    expect(all.map((event) => event.id)).to.deep.equal(keys);
    const tried = receiver.sent.filter(({ data }) => data.id === id).map((event) => event.id);
    // The refused one is tried four times more, and nothing comes in between.
    expect(tried).to.deep.equal([...keys.slice(0, 3), ...Array(5).fill(keys[3]), ...keys.slice(4)]);
  });

  it("have those that wait for them looked at no more until then, however many there are", async () => {
    let poisoned = 0;
    receiver.behave(({ data, type }) => (data.id === poisoned && type === "account.signed_in" ? 400 : 204));
    const { id, email } = await newSignedIn(foyer);
    await receiver.takenOf(id, 3);
    poisoned = id;
    await signIn(foyer, email);
    await waitFor(async () => (await rowsOf(id)).find(({ attempts }) => attempts === 1));
    await foyer.sql("update events set available_at = now() + interval '1 hour' where attempts = 1");
    await foyer.sql(FOLLOWERS);
    const due = "select count(*)::int as count from events where finished_at is null and available_at <= now()";
    await waitFor(async () => (await foyer.sql(due)).rows[0]?.["count"] === 0 || undefined);
    const other = await newSignedIn(foyer);
    await receiver.takenOf(other.id, 3);
    receiver.behave(() => 204);
    await foyer.sql("delete from events where finished_at is null and id % 5000 <> 0 and attempts = 0");
    await foyer.sql("update events set available_at = now() where finished_at is null");
    const told = (await receiver.takenOf(id, 8)).map((event) => event.id);
    const inOrder = (await rowsOf(id)).toSorted((a, b) => Number(a["id"]) - Number(b["id"]));
    expect(told).to.deep.equal(inOrder.map(({ key }) => `evt_${String(key).replaceAll("-", "")}`));
  });

  it("are given up after three days with the receiver's words, and those that only waited for them go on", async () => {
    receiver.behave(({ type }) =>
      type === "account.created" ? (response) => response.writeHead(422).end("no such\u0007field") : 204,
    );
    const { id } = await newSignedIn(foyer);
    await waitFor(async () => (await rowsOf(id)).find(({ attempts }) => attempts === 1));
    await foyer.travel("3 days 1 minute");
    const all = await receiver.takenOf(id, 2);
    expect(all.map(nameOf)).to.deep.equal(["verified", "signed_in"]);
    const [created] = await rowsOf(id);
    expect(created).to.include({ outcome: "given_up", last_response: "422 no such field" });
    expect((await foyer.http.get("/metrics")).text).to.include('foyer_events_total{event="given_up"} 1');
  });

  it("are given up where the receiver was down all the while, though none but the first was ever tried", async () => {
    receiver.behave(() => 503);
    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.push((await foyer.register(newAddress())).body.id);
    await waitFor(async () => (await foyer.rows("events")).find(({ last_response }) => last_response));
    await foyer.travel("3 days 1 minute");
    await waitFor(async () => {
      // One that was under way is put off once more.
      await foyer.sql("update events set available_at = now() where finished_at is null");
      const rows = await foyer.rows("events");
      return rows.every(({ outcome }) => outcome === "given_up") || undefined;
    });
    const reasons = (await foyer.rows("events")).map(({ last_response }) => last_response);
    expect(new Set(reasons)).to.deep.equal(new Set(["503", "It could not be told within 3 days."]));
    receiver.behave(() => 204);
  });

  it("keep their rows for 7 days once they were told, and for 90 once they were given up", async () => {
    receiver.behave(({ type }) => (type === "account.created" ? 400 : 204));
    const { id } = await newSignedIn(foyer);
    await waitFor(async () => (await rowsOf(id)).find(({ attempts }) => attempts === 1));
    await foyer.travel("3 days 1 minute");
    await receiver.takenOf(id, 2);
    await waitFor(async () => (await rowsOf(id)).every(({ finished_at }) => finished_at) || undefined);
    for (const [time, left] of [
      ["6 days 23 hours", ["account.created", "account.verified", "account.signed_in"]],
      ["2 hours", ["account.created"]],
      ["82 days", ["account.created"]],
      ["2 days", []],
    ] as const) {
      await foyer.travel(time);
      await foyer.purge();
      expect((await rowsOf(id)).map(({ type }) => type)).to.deep.equal(left);
    }
  });
});

describe("an event and its cause", () => {
  let foyer: TestFoyer;
  let receiver: Receiver;
  before(async () => {
    receiver = await startReceiver();
    foyer = await startFoyer({ webhook: receiver.settings() });
  });
  after(async () => {
    await foyer.stop();
    await receiver.close();
  });

  it("come to nothing together when the transaction fails at its end, or the event cannot be written", async () => {
    await foyer.sql("create function refuse() returns trigger language plpgsql as 'begin raise exception ''no''; end'");
    await foyer.sql(
      "create constraint trigger refuse after insert on users deferrable initially deferred for each row execute function refuse()",
    );
    expect((await foyer.register(newAddress())).status).to.equal(500);
    await foyer.sql("drop trigger refuse on users");
    await foyer.sql("alter table events add constraint none check (false) not valid");
    expect((await foyer.register(newAddress())).status).to.equal(500);
    await foyer.sql("alter table events drop constraint none");
    for (const table of ["users", "sign_ups", "emails", "events"]) expect(await foyer.rows(table)).to.deep.equal([]);
    expect(receiver.sent).to.deep.equal([]);
    const { id } = (await foyer.register(newAddress())).body;
    await receiver.takenOf(id, 1);
  });

  it("take no statement more where nobody is told", async () => {
    const silent = await startFoyer();
    const statements: string[] = [];
    silent.watchStatements((sql) => statements.push(sql));
    const { email } = await newSignedIn(silent);
    await signIn(silent, email, { as: "bearer" });
    expect(statements.filter((sql) => /insert into .*\bevents\b/s.test(sql))).to.deep.equal([]);
    await silent.stop();
  });
});
