import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { createAdmissionQueue } from "../../src/admission/queue.ts";

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
      queue.run(staying(), async () => {
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
    const turns = callers.map(({ signal }) => queue.run(signal, work));
    expect(queue.length()).to.equal(6);
    expect(queue.expectedWait()).to.equal(1.25);
    expect(queue.hasRoom()).to.equal(false);
    callers[5]?.abort();
    callers[5]?.abort();
    expect(await turns[5]).to.deep.equal({ ok: false, error: "aborted" });
    expect(queue.hasRoom()).to.equal(true);
    const next = queue.run(staying(), work);
    expect(await queue.run(staying(), work)).to.deep.equal({ ok: false, error: "full" });
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
    for (let n = 0; n < 80; n += 1) expect((await queue.run(staying(), async () => "done")).ok).to.equal(true);
    const { work, finish } = createWork();
    const last = queue.run(staying(), work);
    expect(queue.expectedWait()).to.be.below(0.1);
    finish();
    await last;
  });

  it("forgets a caller who goes away before the turn, and does not do the work", async () => {
    const queue = createAdmissionQueue({ concurrency: 1, maxWaitSeconds: 10, initialEstimateSeconds: 0.1 });
    const { work, finish } = createWork();
    const first = queue.run(staying(), work);
    const gone = new AbortController();
    let worked = false;
    const second = queue.run(gone.signal, async () => {
      worked = true;
    });
    const third = queue.run(staying(), async () => "third");
    gone.abort();
    expect(await second).to.deep.equal({ ok: false, error: "aborted" });
    expect(queue.length()).to.equal(2);
    finish();
    expect(await third).to.deep.equal({ ok: true, value: "third" });
    expect((await first).ok).to.equal(true);
    expect(worked).to.equal(false);
    expect(await queue.run(gone.signal, async () => {})).to.deep.equal({ ok: false, error: "aborted" });
    expect(queue.length()).to.equal(0);
  });

  it("throws what the work throws, and goes on with the next", async () => {
    const queue = createAdmissionQueue({ concurrency: 1, maxWaitSeconds: 10, initialEstimateSeconds: 0.1 });
    const failed = queue.run(staying(), () => Promise.reject(new Error("broken")));
    const next = queue.run(staying(), async () => "next");
    expect(await failed.catch((error: Error) => error.message)).to.equal("broken");
    expect(await next).to.deep.equal({ ok: true, value: "next" });
  });

  it("finishes what is being served when it closes, and rejects who waits and who comes", async () => {
    const queue = createAdmissionQueue({ concurrency: 1, maxWaitSeconds: 10, initialEstimateSeconds: 0.1 });
    const { work, finish } = createWork();
    const first = queue.run(staying(), work);
    const second = queue.run(staying(), work);
    let idle = false;
    const closing = queue.close().then(() => {
      idle = true;
    });
    expect(await second).to.deep.equal({ ok: false, error: "closed" });
    expect(await queue.run(staying(), work)).to.deep.equal({ ok: false, error: "closed" });
    expect(queue.hasRoom()).to.equal(false);
    expect(idle).to.equal(false);
    finish();
    expect((await first).ok).to.equal(true);
    await closing;
  });
});
