import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { pino } from "pino";
import { connect } from "../../src/db/connect.ts";
import { CONCURRENCY } from "../../src/events/worker.ts";
import { createDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";
import { PASSWORD, startFoyer } from "../support/foyer.ts";
import { type FoyerProcess, postJson, spawnFoyer } from "../support/process.ts";
import { type Received, type Receiver, startReceiver } from "../support/receiver.ts";

const SOON_MS = 40_000;

async function until(condition: () => boolean | Promise<boolean>) {
  const end = performance.now() + SOON_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${SOON_MS} ms: ${condition}`);
    await setTimeout(40);
  }
}

const address = (n: number) => `n${n}@example.com`;

/** How often an event of an account came for the first time after a later one of it had. */
function countDisorder(sent: readonly Received[], order: ReadonlyMap<string, number>) {
  const latest = new Map<number, number>();
  const seen = new Set<string>();
  let disorder = 0;
  for (const { id, data } of sent) {
    const number = order.get(id) ?? 0;
    if (!seen.has(id) && number < (latest.get(data.id) ?? 0)) disorder += 1;
    seen.add(id);
    latest.set(data.id, Math.max(number, latest.get(data.id) ?? 0));
  }
  return disorder;
}

describe("telling events, from processes", () => {
  let database: TestDatabase;
  let receiver: Receiver;
  const processes: FoyerProcess[] = [];

  beforeEach(async () => {
    database = await createDatabase();
    receiver = await startReceiver();
  });
  afterEach(async () => {
    for (const { child } of processes) child.kill("SIGKILL");
    await Promise.all(processes.splice(0).map(({ ended }) => ended));
    await receiver.close();
    await database.drop();
  });

  /** On the embedded database only while no Foyer has it. */
  async function query(statement: string): Promise<Record<string, unknown>[]> {
    const { db, close } = await connect(database.settings, pino({ level: "silent" }));
    try {
      return await db.transaction(async (trx) => {
        await trx.raw("set local search_path = public");
        return (await trx.raw(statement)).rows;
      });
    } finally {
      await close();
    }
  }

  /** Each event's number, by what the receiver knows it by. */
  async function readOrder() {
    const rows = await query("select id, key from events");
    return new Map(rows.map(({ id, key }) => [`evt_${String(key).replaceAll("-", "")}`, Number(id)]));
  }

  async function start() {
    const foyer = spawnFoyer({ ...database.env, ...receiver.env(), HASH_MAX_WAIT_SECONDS: "60" });
    processes.push(foyer);
    return { ...foyer, url: await foyer.ready };
  }

  async function signIn(url: string, email: string) {
    const answer = await fetch(`${url}/sign-in`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ email, password: PASSWORD, as: "bearer" }),
    });
    await answer.arrayBuffer();
    return answer.status;
  }

  it("has each change with its event, or neither, after kills at random moments, and tells each at least once", async () => {
    // Longer than all else that an event takes, so that many kills find it half done.
    await query(
      `create function linger() returns trigger language plpgsql as 'begin perform pg_sleep(0.05); return new; end'`,
    );
    await query("create trigger linger before insert on events for each row execute function linger()");
    const started: number[] = [];
    let changes = 0;
    for (let round = 0; round < 4; round += 1) {
      const foyer = await start();
      const emails = Array.from({ length: 10 }, (_, n) => address(10 * round + n));
      changes += emails.length;
      const running = emails.map((email) => postJson(foyer.url, { email, password: PASSWORD }).catch(() => 0));
      const most = 2 + Math.random() * 7;
      let answered = 0;
      for (const one of running)
        void one.then(() => {
          answered += 1;
        });
      await until(() => answered >= most);
      foyer.child.kill("SIGKILL");
      await foyer.ended;
      started.push(...(await Promise.all(running)).filter((status) => status === 201));
    }
    // What the end of the leases of the killed would bring about.
    await query("update events set available_at = now() where finished_at is null");
    const [counts] = await query(`select (select count(*) from users) as users, (select count(*) from events) as events,
      (select count(*) from users where id not in (select user_id from events)) as untold,
      (select count(*) from events where user_id not in (select id from users)) as causeless`);
    expect(counts).to.include({ untold: 0, causeless: 0 });
    expect(Number(counts?.["users"])).to.be.within(started.length, changes);
    const order = await readOrder();
    await start();
    await until(() => [...order.keys()].every((id) => receiver.taken.some((event) => event.id === id)));
  });

  it("waits while the receiver is down, one probe at a time, and tells all when it is up again", async () => {
    await receiver.close();
    const foyer = await start();
    const emails = Array.from({ length: 20 }, (_, n) => address(n));
    await Promise.all(emails.map((email) => postJson(foyer.url, { email, password: PASSWORD })));
    await setTimeout(4000);
    foyer.child.kill("SIGINT");
    await foyer.ended;
    const [row] = await query("select sum(lease_version) as leases, sum(attempts) as attempts from events");
    // Those that were taken before the first failed; and then now, after one second, after two more.
    expect(Number(row?.["leases"])).to.be.within(2, CONCURRENCY + 4);
    expect(Number(row?.["attempts"])).to.equal(0);
    await query("update events set available_at = now() where finished_at is null");
    await receiver.open();
    await start();
    await until(() => receiver.taken.length >= 20);
    expect(new Set(receiver.taken.map(({ id }) => id)).size).to.equal(20);
  });

  it("tells each once from two instances on one database, in order for each account", async function () {
    if (!postgresUrl) return this.skip();
    receiver.behave(async () => {
      await setTimeout(Math.random() * 30);
      return 204;
    });
    const instances = await Promise.all([start(), start()]);
    const { register, verified } = await prepare(instances.map(({ url }) => url));
    expect(register).to.equal(6);
    const signIns = verified.flatMap((email, n) =>
      Array.from({ length: 10 }, (_, m) => signIn(instances[(n + m) % 2]?.url ?? "", email)),
    );
    const statuses = await Promise.all(signIns);
    expect(new Set(statuses)).to.deep.equal(new Set([200]));
    const order = await readOrder();
    await until(() => new Set(receiver.taken.map(({ id }) => id)).size >= order.size);
    await setTimeout(500);
    const disorder = countDisorder(receiver.sent, order);
    const duplicates = receiver.taken.length - order.size;
    expect([order.size, duplicates, disorder]).to.deep.equal([6 + 60, 0, 0]);
  });

  /** Six accounts that are verified, by SQL, for no email is read here. */
  async function prepare([url = ""]: readonly string[]) {
    const emails = Array.from({ length: 6 }, (_, n) => address(n));
    const statuses = await Promise.all(emails.map((email) => postJson(url, { email, password: PASSWORD })));
    await query("update users set email_verified_at = now(), unverified_expires_at = null");
    return { register: statuses.filter((status) => status === 201).length, verified: emails };
  }

  it("is held up for no other account by a receiver that is slow, or hangs, at one", async () => {
    let hung = 0;
    receiver.behave(({ data }) => {
      if (data.email !== address(0)) return 204;
      hung += 1;
      return () => {};
    });
    const foyer = await startFoyer({ webhook: receiver.settings() });
    await foyer.register(address(1));
    await until(() => receiver.taken.length === 1);
    await foyer.register(address(0));
    await until(() => hung === 1);
    const findFailed = async () => (await foyer.rows("events")).find(({ last_response }) => last_response !== null);
    await Promise.all(Array.from({ length: 12 }, (_, n) => foyer.register(address(n + 2))));
    await until(() => receiver.taken.length === 13);
    // It is given ten seconds.
    expect(await findFailed()).to.equal(undefined);
    await until(async () => (await findFailed()) !== undefined);
    const failed = await findFailed();
    expect(failed?.["last_response"]).to.equal("no answer within 10 s");
    await foyer.stop();
  });
});
