import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { pino } from "pino";
import { connect } from "../../src/db/connect.ts";
import { runCommand } from "../support/command.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { PASSWORD } from "../support/foyer.ts";
import { postJson, spawnFoyer } from "../support/process.ts";
import { startReceiver } from "../support/receiver.ts";

describe("npm run events", () => {
  let database: TestDatabase;
  before(async () => {
    database = await createDatabase();
  });
  after(() => database.drop());

  const events = (...words: string[]) => runCommand("events", database, words);

  /** Three days pass for what waits, while no Foyer runs. */
  async function travel() {
    const { db, close } = await connect(database.settings, pino({ level: "silent" }));
    await db("events").update({ due_at: db.raw("now() - interval '4 days'"), available_at: db.fn.now() });
    await close();
  }

  it("lists the events that were given up and why, and has them tried again", async () => {
    const receiver = await startReceiver(() => (response) => response.writeHead(422).end("no such field"));
    const refused = spawnFoyer({ ...database.env, ...receiver.env() });
    const url = await refused.ready;
    for (const email of ["alice@example.com", "bob@example.com", "carol@example.com"])
      await postJson(url, { email, password: PASSWORD });
    while (receiver.sent.length < 3) await setTimeout(50);
    refused.child.kill("SIGINT");
    await refused.ended;
    await travel();
    const late = spawnFoyer({ ...database.env, ...receiver.env() });
    const metrics = async () => (await fetch(`${await late.ready}/metrics`)).text();
    while (!(await metrics()).includes('foyer_events_total{event="given_up"} 3')) await setTimeout(50);
    late.child.kill("SIGINT");
    await late.ended;
    expect(receiver.sent).to.have.length(3);

    const { code, said } = await events();
    expect(code).to.equal(0);
    const lines = said.trim().split("\n");
    expect(lines).to.have.length(3);
    expect(lines[0]).to.match(/^1\t\d{4}-\d\d-\d\dT\S+Z\taccount\.created\t1\twebhook\t422 no such field$/);
    expect(await events("replay", "1")).to.deep.equal({ code: 0, said: "1 event will be tried again.\n" });
    expect(await events("replay", "--all")).to.deep.equal({ code: 0, said: "2 events will be tried again.\n" });
    expect((await events()).said).to.equal("No event was given up.\n");

    receiver.behave(() => 204);
    const taking = spawnFoyer({ ...database.env, ...receiver.env() });
    await taking.ready;
    while (receiver.taken.length < 3) await setTimeout(50);
    taking.child.kill("SIGINT");
    await taking.ended;
    const idsOf = (all: typeof receiver.sent) => [...new Set(all.map(({ id }) => id))].toSorted();
    expect(idsOf(receiver.taken)).to.deep.equal(idsOf(receiver.sent.slice(0, 3)));
    await receiver.close();
  });

  it("says how it is used, and exits with 1, when it is used otherwise", async () => {
    const { code, said } = await events("replay", "x");
    expect(code).to.equal(1);
    expect(said)
      .to.match(/^foyer: expected the numbers of events/)
      .and.include("npm run events -- replay");
  });
});
