import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { pino } from "pino";
import supertest from "supertest";
import { createHandlers } from "../../src/events/handlers.ts";
import { createFoyer, type Foyer, type FoyerEvent } from "../../src/foyer.ts";
import { NotSent } from "../../src/outbox/not-sent.ts";
import { newAccount, signIn } from "../support/account.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";
import { waitFor } from "../support/wait-for.ts";

const SETTINGS = { memory: true, logLevel: "silent", bcryptCost: 10, hashConcurrency: 1, rateLimits: false } as const;

async function until(condition: () => boolean) {
  await waitFor(async () => condition() || undefined);
}

describe("foyer.on, with everything in memory", () => {
  let foyer: Foyer;
  before(async () => {
    foyer = await createFoyer(SETTINGS);
  });

  const register = (email: string) => supertest(foyer.app).post("/register").send({ email, password: PASSWORD });

  it("tells the app that Foyer is mounted in, until it is ended", async () => {
    const told: FoyerEvent<"account.created">[] = [];
    const end = foyer.on("account.created", async (event) => {
      await setTimeout(10);
      told.push(event);
    });
    const { id } = (await register("alice@example.com")).body;
    await until(() => told.length > 0);
    expect(told).to.have.length(1);
    const [{ id: eventId = "", timestamp = "", ...event } = {}] = told;
    expect(event).to.deep.equal({ type: "account.created", data: { id, email: "alice@example.com", verified: false } });
    expect(eventId).to.match(/^evt_[a-f\d]{32}$/);
    expect(Math.abs(Date.parse(timestamp) - Date.now())).to.be.below(60_000);
    end();
    await register("bob@example.com");
    await setTimeout(1500);
    expect(told).to.have.length(1);
  });

  it("refuses an event that there is none of", () => {
    expect(() => foyer.on("account.creatd" as "account.created", () => {})).to.throw(
      "there is no event account.creatd",
    );
  });

  it("lets a handler finish when Foyer is closed", async () => {
    let [began, ended] = [false, false];
    foyer.on("account.created", async () => {
      began = true;
      await setTimeout(700);
      ended = true;
    });
    await register("carol@example.com");
    await until(() => began);
    await foyer.close();
    expect(ended).to.equal(true);
  });
});

describe("a handler of events", () => {
  let foyer: TestFoyer;
  const ends: (() => void)[] = [];
  before(async () => {
    foyer = await startFoyer();
  });
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });
  after(() => foyer.stop());

  const END_WAITS = "update events set available_at = now() where finished_at is null and attempts = lease_version";
  const rowsOf = async (id: number) => (await foyer.rows("events")).filter(({ user_id }) => user_id === id);

  it("runs beside others of other accounts, and holds up none of them", async () => {
    let resolve = () => {};
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    const told: number[] = [];
    const slow = (await foyer.register(newAddress())).body.id;
    ends.push(
      foyer.on("account.verified", async ({ data }) => {
        if (told.length === 0) {
          told.push(data.id);
          await promise;
        } else told.push(data.id);
      }),
    );
    expect(slow).to.be.a("number");
    const first = await newAccount(foyer);
    const others = [await newAccount(foyer), await newAccount(foyer)];
    await until(() => told.length === 3);
    expect(told).to.have.members([first.id, ...others.map(({ id }) => id)]);
    resolve();
    await waitFor(async () => (await rowsOf(first.id)).every(({ outcome }) => outcome === "sent") || undefined);
  });

  it("that throws is called again, with its reason kept, while later ones of the account wait", async () => {
    const { id, email } = await newAccount(foyer);
    const ids: string[] = [];
    let fails = true;
    ends.push(
      foyer.on("account.signed_in", (event) => {
        ids.push(event.id);
        if (fails) throw new Error("no room\u0000here");
      }),
    );
    await signIn(foyer, email);
    await signIn(foyer, email);
    const failed = await waitFor(async () => (await rowsOf(id)).find(({ attempts }) => attempts === 1));
    expect(failed["last_response"]).to.equal("no room here");
    expect(foyer.logged()).to.include("a handler of an event failed");
    expect(ids).to.have.length(1);
    fails = false;
    await foyer.sql(END_WAITS);
    await until(() => ids.length === 3);
    expect(ids[1]).to.equal(ids[0]);
    expect(ids[2]).not.to.equal(ids[0]);
    await waitFor(async () => (await rowsOf(id)).every(({ outcome }) => outcome === "sent") || undefined);
  });

  it("gets what another consumer gets too, and what waited for it while there was none", async () => {
    let told = 0;
    const end = foyer.on("account.kept", () => {});
    await foyer.sql("insert into events (type, consumer, user_id, data) values ('account.kept', 'app', 77, '{}')");
    end();
    ends.push(
      foyer.on("account.kept", () => {
        told += 1;
      }),
      foyer.on("account.kept", () => {
        told += 1;
      }),
    );
    await until(() => told === 2);
  });

  it("that never returns counts as failed after its time", async () => {
    const handlers = createHandlers(pino({ level: "silent" }), 50);
    handlers.on("account.kept", () => new Promise(() => {}));
    const event = { id: "evt_1", type: "account.kept", timestamp: "", data: {} } as const;
    const error = await handlers.transport.send(event, new AbortController().signal).catch((fault: unknown) => fault);
    expect(error).to.be.instanceOf(NotSent);
    expect(String(error)).to.include("A handler took longer than 0.05 s.");
  });
});
