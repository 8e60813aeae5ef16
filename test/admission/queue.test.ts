import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { createAdmissionQueue } from "../../src/admission/queue.ts";

const NETWORK = "192.0.2.1";

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

describe("the admission queue", () => {
  it("serves in the order of arrival, so many at a time", async () => {
    const queue = createAdmissionQueue({ concurrency: 2, maxWaitSeconds: 10, initialEstimateSeconds: 0.01 });
    const started: number[] = [];
    let running = 0;
    const turns = Array.from({ length: 20 }, (_, n) =>
      queue.run(NETWORK, staying(), async () => {
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
    const turns = callers.map(({ signal }) => queue.run(NETWORK, signal, work));
    expect(queue.length()).to.equal(6);
    expect(queue.expectedWait()).to.equal(1.25);
    expect(queue.hasRoom(NETWORK)).to.equal(false);
    callers[5]?.abort();
    callers[5]?.abort();
    expect(await turns[5]).to.deep.equal({ ok: false, error: "aborted" });
    expect(queue.hasRoom(NETWORK)).to.equal(true);
    const next = queue.run(NETWORK, staying(), work);
    expect(await queue.run(NETWORK, staying(), work)).to.deep.equal({ ok: false, error: "full" });
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
    for (let n = 0; n < 80; n += 1) expect((await queue.run(NETWORK, staying(), async () => "done")).ok).to.equal(true);
    const { work, finish } = createWork();
    const last = queue.run(NETWORK, staying(), work);
    expect(queue.expectedWait()).to.be.below(0.1);
    finish();
    await last;
  });

  it("forgets a caller who goes away before the turn, and does not do the work", async () => {
    const queue = createAdmissionQueue({ concurrency: 1, maxWaitSeconds: 10, initialEstimateSeconds: 0.1 });
    const { work, finish } = createWork();
    const first = queue.run(NETWORK, staying(), work);
    const gone = new AbortController();
    let worked = false;
    const second = queue.run(NETWORK, gone.signal, async () => {
      worked = true;
    });
    const third = queue.run(NETWORK, staying(), async () => "third");
    gone.abort();
    expect(await second).to.deep.equal({ ok: false, error: "aborted" });
    expect(queue.length()).to.equal(2);
    finish();
    expect(await third).to.deep.equal({ ok: true, value: "third" });
    expect((await first).ok).to.equal(true);
    expect(worked).to.equal(false);
    expect(await queue.run(NETWORK, gone.signal, async () => {})).to.deep.equal({ ok: false, error: "aborted" });
    expect(queue.length()).to.equal(0);
  });

  it("throws what the work throws, and goes on with the next", async () => {
    const queue = createAdmissionQueue({ concurrency: 1, maxWaitSeconds: 10, initialEstimateSeconds: 0.1 });
    const failed = queue.run(NETWORK, staying(), () => Promise.reject(new Error("broken")));
    const next = queue.run(NETWORK, staying(), async () => "next");
    expect(await failed.catch((error: Error) => error.message)).to.equal("broken");
    expect(await next).to.deep.equal({ ok: true, value: "next" });
  });

  it("finishes what is being served when it closes, and rejects who waits and who comes", async () => {
    const queue = createAdmissionQueue({ concurrency: 1, maxWaitSeconds: 10, initialEstimateSeconds: 0.1 });
    const { work, finish } = createWork();
    const first = queue.run(NETWORK, staying(), work);
    const second = queue.run(NETWORK, staying(), work);
    let idle = false;
    const closing = queue.close().then(() => {
      idle = true;
    });
    expect(await second).to.deep.equal({ ok: false, error: "closed" });
    expect(await queue.run(NETWORK, staying(), work)).to.deep.equal({ ok: false, error: "closed" });
    expect(queue.hasRoom(NETWORK)).to.equal(false);
    expect(idle).to.equal(false);
    finish();
    expect((await first).ok).to.equal(true);
    await closing;
  });

  describe("where several networks ask", () => {
    /** Each piece of work says whose it is as it starts, and ends when told to. */
    function start(concurrency: number, maxWaitSeconds: number, secondsEach = 1) {
      const queue = createAdmissionQueue({ concurrency, maxWaitSeconds, initialEstimateSeconds: secondsEach });
      const started: string[] = [];
      const { work, finish } = createWork();
      const ask = (network: string, caller = network) =>
        queue.run(network, staying(), async () => {
          started.push(caller);
          await work();
          return caller;
        });
      const askTimes = (network: string, times: number) =>
        Array.from({ length: times }, (_, n) => ask(network, `${network}${n + 1}`));
      return { queue, started, ask, askTimes, finish };
    }

    /** What came of each: `done`, or why not. */
    async function outcomes(turns: ReturnType<ReturnType<typeof start>["ask"]>[]) {
      return (await Promise.all(turns)).map((turn) => (turn.ok ? "done" : turn.error));
    }

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
      const { queue, ask, askTimes, started, finish } = start(1, 12);
      const many = askTimes("many", 45);
      expect(queue.hasRoom("many")).to.equal(false);
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
      const { queue, ask, askTimes, finish } = start(1, 5);
      const waiting = [...askTimes("a", 3), ...askTimes("b", 2)];
      const later = [ask("c"), ask("d")];
      for (const network of ["a", "b", "c", "d", "e"]) expect(queue.hasRoom(network), network).to.equal(false);
      expect(await outcomes([ask("e"), ask("a")])).to.deep.equal(["full", "full"]);
      finish();
      expect(await outcomes(waiting)).to.deep.equal(["done", "done", "full", "done", "full"]);
      expect(await outcomes(later)).to.deep.equal(["done", "done"]);
    });

    it("rejects at the bound whoever waits still, because the work took longer or others came", async () => {
      const { queue, ask, askTimes, finish } = start(1, 0.2, 0.001);
      const asked = performance.now();
      const [running, ...waiting] = [...askTimes("a", 3), ask("b")];
      expect(await outcomes(waiting)).to.deep.equal(["full", "full", "full"]);
      expect(performance.now() - asked).to.be.within(190, 1000);
      expect(queue.length()).to.equal(1);
      finish();
      expect((await running)?.ok).to.equal(true);
    });
  });
});
