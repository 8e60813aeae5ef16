import { mock } from "node:test";
import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import type { Place, Rank } from "../../src/admission/place.ts";
import { createAdmissionQueue } from "../../src/admission/queue.ts";

const PLACE: Place = { network: "192.0.2.1", rank: "sign_up" };

/** A caller who does not go away. */
function staying() {
  return new AbortController().signal;
}

/** Work that ends when told to. */
function createWork() {
  let finish = () => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { work: () => done, finish };
}

/** Each piece of work says whose it is as it starts, and ends when told to. All of it is of one rank, if none is named. */
function start(concurrency: number, maxWaitSeconds: number, secondsEach = 1) {
  const queue = createAdmissionQueue({ concurrency, maxWaitSeconds, initialEstimateSeconds: secondsEach });
  const started: string[] = [];
  const { work, finish } = createWork();
  const ask = (network: string, caller = network, rank: Rank = "sign_up") =>
    queue.run({ network, rank }, staying(), async () => {
      started.push(caller);
      await work();
      return caller;
    });
  const askTimes = (network: string, times: number, rank: Rank = "sign_up") =>
    Array.from({ length: times }, (_, n) => ask(network, `${network}${n + 1}`, rank));
  const hasRoom = (network: string, rank: Rank = "sign_up") => queue.hasRoom({ network, rank });
  return { queue, started, ask, askTimes, hasRoom, finish };
}

/** What came of each: `done`, or why not. */
async function outcomes(turns: ReturnType<ReturnType<typeof start>["ask"]>[]) {
  return (await Promise.all(turns)).map((turn) => (turn.ok ? "done" : turn.error));
}

describe("the admission queue", () => {
  afterEach(() => mock.timers.reset());

  it("serves in the order of arrival, so many at a time", async () => {
    const queue = createAdmissionQueue({ concurrency: 2, maxWaitSeconds: 10, initialEstimateSeconds: 0.01 });
    const started: number[] = [];
    let running = 0;
    const turns = Array.from({ length: 20 }, (_, n) =>
      queue.run(PLACE, staying(), async () => {
        started.push(n);
        running += 1;
        expect(running).to.be.at.most(2);
        await setTimeout(1);
        running -= 1;
      }),
    );
    expect((await Promise.all(turns)).map(({ ok }) => ok)).to.deep.equal(Array(20).fill(true));
    expect(started).to.deep.equal(Array.from({ length: 20 }, (_, n) => n));
    expect(queue.length()).to.equal(0);
  });

  it("admits as many as it can serve in time, and one more for each who goes away", async () => {
    const queue = createAdmissionQueue({ concurrency: 2, maxWaitSeconds: 1.2, initialEstimateSeconds: 0.5 });
    const { work, finish } = createWork();
    const callers = Array.from({ length: 10 }, () => new AbortController());
    const turns = callers.map(({ signal }) => queue.run(PLACE, signal, work));
    expect(queue.length()).to.equal(6);
    expect(queue.expectedWait("sign_up")).to.equal(1.25);
    expect(queue.hasRoom(PLACE)).to.equal(false);
    callers[5]?.abort();
    callers[5]?.abort();
    expect(await turns[5]).to.deep.equal({ ok: false, error: "aborted" });
    expect(queue.hasRoom(PLACE)).to.equal(true);
    const next = queue.run(PLACE, staying(), work);
    expect(await queue.run(PLACE, staying(), work)).to.deep.equal({ ok: false, error: "full" });
    finish();
    expect((await next).ok).to.equal(true);
    expect((await Promise.all(turns)).map((turn) => (turn.ok ? "done" : turn.error))).to.deep.equal([
      ...Array(5).fill("done"),
      "aborted",
      ...Array(4).fill("full"),
    ]);
  });

  it("learns how long a piece of work takes", async () => {
    const queue = createAdmissionQueue({ concurrency: 1, maxWaitSeconds: 1, initialEstimateSeconds: 10 });
    for (let n = 0; n < 80; n += 1) expect((await queue.run(PLACE, staying(), async () => "done")).ok).to.equal(true);
    const { work, finish } = createWork();
    const last = queue.run(PLACE, staying(), work);
    expect(queue.expectedWait("sign_up")).to.be.below(0.1);
    finish();
    await last;
  });

  it("forgets a caller who goes away before the turn, and does not do the work", async () => {
    const queue = createAdmissionQueue({ concurrency: 1, maxWaitSeconds: 10, initialEstimateSeconds: 0.1 });
    const { work, finish } = createWork();
    const first = queue.run(PLACE, staying(), work);
    const gone = new AbortController();
    let worked = false;
    const second = queue.run(PLACE, gone.signal, async () => {
      worked = true;
    });
    const third = queue.run(PLACE, staying(), async () => "third");
    gone.abort();
    expect(await second).to.deep.equal({ ok: false, error: "aborted" });
    expect(queue.length()).to.equal(2);
    finish();
    expect(await third).to.deep.equal({ ok: true, value: "third" });
    expect((await first).ok).to.equal(true);
    expect(worked).to.equal(false);
    expect(await queue.run(PLACE, gone.signal, async () => {})).to.deep.equal({ ok: false, error: "aborted" });
    expect(queue.length()).to.equal(0);
  });

  it("throws what the work throws, and goes on with the next", async () => {
    const queue = createAdmissionQueue({ concurrency: 1, maxWaitSeconds: 10, initialEstimateSeconds: 0.1 });
    const failed = queue.run(PLACE, staying(), () => Promise.reject(new Error("broken")));
    const next = queue.run(PLACE, staying(), async () => "next");
    expect(await failed.catch((error: Error) => error.message)).to.equal("broken");
    expect(await next).to.deep.equal({ ok: true, value: "next" });
  });

  it("finishes what is being served when it closes, and rejects who waits and who comes", async () => {
    const queue = createAdmissionQueue({ concurrency: 1, maxWaitSeconds: 10, initialEstimateSeconds: 0.1 });
    const { work, finish } = createWork();
    const first = queue.run(PLACE, staying(), work);
    const second = queue.run(PLACE, staying(), work);
    let idle = false;
    const closing = queue.close().then(() => {
      idle = true;
    });
    expect(await second).to.deep.equal({ ok: false, error: "closed" });
    expect(await queue.run(PLACE, staying(), work)).to.deep.equal({ ok: false, error: "closed" });
    expect(queue.hasRoom(PLACE)).to.equal(false);
    expect(idle).to.equal(false);
    finish();
    expect((await first).ok).to.equal(true);
    await closing;
  });

  describe("where several networks ask", () => {
    it("gives them turns, and within each keeps the order of arrival", async () => {
      const { askTimes, started, finish } = start(1, 100);
      const turns = [...askTimes("a", 4), ...askTimes("b", 2), ...askTimes("c", 3)];
      finish();
      await Promise.all(turns);
      expect(started).to.deep.equal(["a1", "a2", "b1", "c1", "a3", "b2", "c2", "a4", "c3"]);
    });

    it("gives one of them all its places while it is alone", async () => {
      const { askTimes, finish } = start(1, 12);
      const turns = askTimes("a", 20);
      finish();
      expect(await outcomes(turns)).to.deep.equal([...Array(11).fill("done"), ...Array(9).fill("full")]);
    });

    it("rejects at once the newest of the one that has most for each that has less, and serves those in time", async () => {
      const { queue, ask, askTimes, hasRoom, started, finish } = start(1, 12);
      const many = askTimes("many", 45);
      expect(hasRoom("many")).to.equal(false);
      const others = Array.from({ length: 5 }, (_, n) => ask(`other${n}`));
      expect(await outcomes(many.slice(6, 11))).to.deep.equal(Array(5).fill("full"));
      expect(queue.length()).to.equal(11);
      finish();
      expect(await outcomes(others)).to.deep.equal(Array(5).fill("done"));
      expect(await outcomes(many.slice(0, 6))).to.deep.equal(Array(6).fill("done"));
      expect(started.slice(0, 7)).to.have.members([
        "many1",
        "many2",
        ...Array.from({ length: 5 }, (_, n) => `other${n}`),
      ]);
    });

    it("takes no network's only place, and gives none more places than others have", async () => {
      const { ask, askTimes, hasRoom, finish } = start(1, 5);
      const waiting = [...askTimes("a", 3), ...askTimes("b", 2)];
      const later = [ask("c"), ask("d")];
      for (const network of ["a", "b", "c", "d", "e"]) expect(hasRoom(network), network).to.equal(false);
      expect(await outcomes([ask("e"), ask("a")])).to.deep.equal(["full", "full"]);
      finish();
      expect(await outcomes(waiting)).to.deep.equal(["done", "done", "full", "done", "full"]);
      expect(await outcomes(later)).to.deep.equal(["done", "done"]);
    });

    it("rejects at the bound whoever waits still, because the work took longer or others came", async () => {
      mock.timers.enable({ apis: ["setTimeout"] });
      const { queue, ask, askTimes, finish } = start(1, 0.2, 0.001);
      const [running, ...waiting] = [...askTimes("a", 3), ask("b")];
      mock.timers.tick(199);
      expect(queue.length()).to.equal(4);
      mock.timers.tick(1);
      expect(queue.length()).to.equal(1);
      expect(await outcomes(waiting)).to.deep.equal(["full", "full", "full"]);
      finish();
      expect((await running)?.ok).to.equal(true);
    });
  });

  // With one slot of a second and a bound of 12, one works and ten wait.
  describe("where several ranks ask", () => {
    it("serves higher ranks first, whoever came first", async () => {
      const { ask, started, finish } = start(1, 100);
      const ranks = ["rehash", "sign_up", "sign_in", "known", "sign_up", "sign_in"] as const;
      const turns = [ask("a", "running"), ...ranks.map((rank, n) => ask("a", `${rank}${n}`, rank))];
      finish();
      await Promise.all(turns);
      expect(started).to.deep.equal(["running", "known3", "sign_in2", "sign_in5", "sign_up1", "sign_up4", "rehash0"]);
    });

    it("serves a sign-in next where sign-ups fill the queue, and rejects the newest of those at once", async () => {
      const { queue, ask, askTimes, hasRoom, started, finish } = start(1, 12);
      const few = askTimes("few", 4);
      const most = askTimes("most", 7);
      expect(hasRoom("most")).to.equal(false);
      expect(queue.expectedWait("sign_in")).to.equal(1);
      expect(hasRoom("few", "sign_in")).to.equal(true);
      const signIn = ask("few", "sign-in", "sign_in");
      expect(await outcomes(most.slice(6))).to.deep.equal(["full"]);
      expect(queue.length()).to.equal(11);
      finish();
      expect(await outcomes([signIn, ...few, ...most.slice(0, 6)])).to.deep.equal(Array(11).fill("done"));
      expect(started.slice(0, 2)).to.deep.equal(["few1", "sign-in"]);
    });

    it("displaces one for each, however many ask at once, and of the lowest rank first", async () => {
      const { queue, ask, askTimes, finish } = start(1, 12);
      const running = ask("running");
      const rehashes = askTimes("r", 2, "rehash");
      const signUps = askTimes("u", 3);
      const signIns = askTimes("i", 5, "sign_in");
      const known = askTimes("k", 4, "known");
      expect(queue.length()).to.equal(11);
      finish();
      expect(await outcomes(rehashes)).to.deep.equal(["full", "full"]);
      expect(await outcomes(signUps)).to.deep.equal(["done", "full", "full"]);
      expect(await outcomes([running, ...signIns, ...known])).to.deep.equal(Array(10).fill("done"));
    });

    it("serves a known browser next where sign-ins fill the queue, and lets no sign-up in", async () => {
      const { queue, ask, hasRoom, started, finish } = start(1, 12);
      const many = Array.from({ length: 30 }, (_, n) => ask(`many${n}`, `many${n}`, "sign_in"));
      for (const rank of ["sign_in", "sign_up", "rehash"] as const) expect(hasRoom("one", rank), rank).to.equal(false);
      expect(queue.expectedWait("known")).to.equal(1);
      const known = ask("one", "known", "known");
      expect(await outcomes([ask("one", "sign-up", "sign_up"), ask("one", "sign-in", "sign_in")])).to.deep.equal([
        "full",
        "full",
      ]);
      finish();
      expect((await known).ok).to.equal(true);
      expect(started.slice(0, 2)).to.deep.equal(["many0", "known"]);
      expect((await outcomes(many)).filter((outcome) => outcome === "done")).to.have.length(10);
    });

    it("serves a network's known browsers first as often as there are slots, and then by turns with other sign-ins", async () => {
      const { ask, askTimes, hasRoom, started, finish } = start(1, 12);
      const many = askTimes("many", 40, "known");
      expect(hasRoom("many", "known")).to.equal(false);
      for (const other of ["b", "c"]) expect(hasRoom(other, "sign_in"), other).to.equal(true);
      const others = [ask("b", "b", "sign_in"), ask("c", "c", "sign_in")];
      const known = ask("d", "known", "known");
      finish();
      expect(await outcomes([...others, known])).to.deep.equal(["done", "done", "done"]);
      expect(started.slice(0, 5)).to.deep.equal(["many1", "known", "many2", "b", "c"]);
      expect((await outcomes(many)).filter((outcome) => outcome === "done")).to.have.length(8);
    });

    it("gives networks turns within a rank, and displaces by the places that they have there", async () => {
      const { ask, askTimes, hasRoom, started, finish } = start(1, 12);
      const running = ask("b", "running");
      const signUps = askTimes("b", 3);
      const ofA = askTimes("a", 10, "sign_in");
      expect(await outcomes(signUps)).to.deep.equal(["full", "full", "full"]);
      expect(hasRoom("a", "sign_in")).to.equal(false);
      const ofB = askTimes("b", 2, "sign_in");
      expect(await outcomes(ofA.slice(8))).to.deep.equal(["full", "full"]);
      finish();
      expect(await outcomes([running, ...ofA.slice(0, 8), ...ofB])).to.deep.equal(Array(11).fill("done"));
      expect(started.slice(1, 6)).to.deep.equal(["a1", "b1", "a2", "b2", "a3"]);
    });

    it("lets networks of a lower rank share the places that a higher one leaves", async () => {
      const { ask, askTimes, finish } = start(1, 12);
      const running = ask("running");
      const signIns = askTimes("i", 7, "sign_in");
      const ofA = askTimes("a", 4);
      const ofB = ask("b");
      expect(await outcomes(ofA.slice(2))).to.deep.equal(["full", "full"]);
      finish();
      expect(await outcomes([running, ...signIns, ...ofA.slice(0, 2), ofB])).to.deep.equal(Array(11).fill("done"));
    });

    it("takes a re-hash only where there is room for all, and has nobody wait for it or displaced by it", async () => {
      const { queue, ask, askTimes, hasRoom, finish } = start(1, 12);
      const running = ask("running");
      const rehashes = askTimes("a", 12, "rehash");
      expect(await outcomes(rehashes.slice(10))).to.deep.equal(["full", "full"]);
      expect(await outcomes([ask("b", "b", "rehash")])).to.deep.equal(["full"]);
      expect(hasRoom("b", "rehash")).to.equal(false);
      expect(queue.expectedWait("sign_up")).to.equal(1);
      const signUps = askTimes("c", 11);
      expect(await outcomes(rehashes)).to.deep.equal(Array(12).fill("full"));
      expect(await outcomes(signUps.slice(10))).to.deep.equal(["full"]);
      finish();
      expect(await outcomes([running, ...signUps.slice(0, 10)])).to.deep.equal(Array(11).fill("done"));
    });

    it("rejects at the bound whoever was overtaken", async () => {
      mock.timers.enable({ apis: ["setTimeout"] });
      const { queue, ask, askTimes, finish } = start(1, 0.5, 0.001);
      const running = ask("running");
      const signUp = ask("a");
      mock.timers.tick(250);
      const signIns = askTimes("b", 20, "sign_in");
      mock.timers.tick(249);
      expect(queue.length()).to.equal(22);
      mock.timers.tick(1);
      expect(queue.length()).to.equal(21);
      expect(await outcomes([signUp])).to.deep.equal(["full"]);
      finish();
      expect(await outcomes([running, ...signIns])).to.deep.equal(Array(21).fill("done"));
    });
  });
});
