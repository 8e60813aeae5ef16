import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { createLine, type Place } from "../../src/hashing/line.ts";

/** Someone who does not go away. */
function staying() {
  return new AbortController().signal;
}

function entered(place: Place | undefined): Place {
  if (!place) throw new Error("was not let in");
  return place;
}

/** Work that ends when told to. */
function createWork() {
  let finish = () => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { work: () => done, finish };
}

describe("the line", () => {
  it("serves in the order of arrival, so many at a time", async () => {
    const line = createLine({ servers: 2, maxWaitSeconds: 10, firstGuessSeconds: 0.01 });
    const started: number[] = [];
    let running = 0;
    const turns = Array.from({ length: 20 }, (_, n) =>
      entered(line.enter(staying())).take(async () => {
        started.push(n);
        running += 1;
        expect(running).to.be.at.most(2);
        await setTimeout(1);
        running -= 1;
      }),
    );
    await Promise.all(turns);
    expect(started).to.deep.equal(Array.from({ length: 20 }, (_, n) => n));
    expect(line.length()).to.equal(0);
  });

  it("lets in as many as it can serve in time, counting those who have not begun to wait", () => {
    const line = createLine({ servers: 2, maxWaitSeconds: 1.2, firstGuessSeconds: 0.5 });
    const places = Array.from({ length: 10 }, () => line.enter(staying()));
    expect(places.filter(Boolean)).to.have.length(6);
    expect(line.expectedWait()).to.equal(1.25);
    places[0]?.leave();
    places[0]?.leave();
    expect(line.enter(staying())).not.to.equal(undefined);
    expect(line.enter(staying())).to.equal(undefined);
  });

  it("learns how long a service takes", async () => {
    const line = createLine({ servers: 1, maxWaitSeconds: 1, firstGuessSeconds: 10 });
    for (let n = 0; n < 80; n += 1) await entered(line.enter(staying())).take(async () => "done");
    entered(line.enter(staying()));
    expect(line.expectedWait()).to.be.below(0.1);
  });

  it("forgets who goes away before the turn, and does not do their work", async () => {
    const line = createLine({ servers: 1, maxWaitSeconds: 10, firstGuessSeconds: 0.1 });
    const { work, finish } = createWork();
    const first = entered(line.enter(staying())).take(work);
    const gone = new AbortController();
    let worked = false;
    const second = entered(line.enter(gone.signal)).take(async () => {
      worked = true;
    });
    const third = entered(line.enter(staying())).take(async () => "third");
    gone.abort();
    expect(await second).to.deep.equal({ ok: false, lost: "left" });
    expect(line.length()).to.equal(2);
    finish();
    expect(await third).to.deep.equal({ ok: true, value: "third" });
    expect((await first).ok).to.equal(true);
    expect(worked).to.equal(false);
    expect(await entered(line.enter(gone.signal)).take(async () => {})).to.deep.equal({ ok: false, lost: "left" });
    expect(line.length()).to.equal(0);
  });

  it("goes on when work fails", async () => {
    const line = createLine({ servers: 1, maxWaitSeconds: 10, firstGuessSeconds: 0.1 });
    const failed = entered(line.enter(staying())).take(() => Promise.reject(new Error("broken")));
    const next = entered(line.enter(staying())).take(async () => "next");
    expect(await failed.catch((error) => error.message)).to.equal("broken");
    expect(await next).to.deep.equal({ ok: true, value: "next" });
  });

  it("closes: who is being served is, who waits is not, and nobody comes in", async () => {
    const line = createLine({ servers: 1, maxWaitSeconds: 10, firstGuessSeconds: 0.1 });
    const { work, finish } = createWork();
    const first = entered(line.enter(staying())).take(work);
    const [second, late] = [entered(line.enter(staying())).take(work), entered(line.enter(staying()))];
    let idle = false;
    const closing = line.close().then(() => {
      idle = true;
    });
    expect(await second).to.deep.equal({ ok: false, lost: "closed" });
    expect(await late.take(work)).to.deep.equal({ ok: false, lost: "closed" });
    expect(line.enter(staying())).to.equal(undefined);
    expect(idle).to.equal(false);
    finish();
    expect((await first).ok).to.equal(true);
    await closing;
  });
});
