import { mock } from "node:test";
import { expect } from "chai";
import type { Place, Rank } from "../../src/admission/place.ts";
import { createRetryAfter } from "../../src/admission/retry-after.ts";

const place = (network: string, rank: Rank = "sign_up"): Place => ({ network, rank });

describe("Retry-After", () => {
  let now: number;
  let clock: ReturnType<typeof mock.method>;
  beforeEach(() => {
    now = 5000;
    clock = mock.method(performance, "now", () => now);
  });
  afterEach(() => clock.mock.restore());

  it("tells rejected callers to come back one turn after another, but not too late", () => {
    const next = createRetryAfter(() => 0.5);
    const times = (count: number) => Array.from({ length: count }, () => next(place("a network")));
    expect(times(6)).to.deep.equal([1, 1, 2, 2, 3, 3]);
    now += 2000;
    expect(times(1)).to.deep.equal([2]);
    expect(times(100).at(-1)).to.equal(30);
    now += 60_000;
    expect(times(1)).to.deep.equal([1]);
  });

  it("tells other networks to come back one after another, however many callers one had rejected", () => {
    const next = createRetryAfter(() => 0.5);
    for (let n = 0; n < 100; n += 1) next(place("many"));
    expect(Array.from({ length: 4 }, (_, n) => next(place(`other ${n}`)))).to.deep.equal([1, 2, 2, 3]);
  });

  it("gives a network that goes on being rejected no more than one place among the others", () => {
    const next = createRetryAfter(() => 0.5);
    const waits: number[] = [];
    for (let n = 0; n < 1000; n += 1) {
      now += 10;
      next(place("many"));
      if (n % 100 === 0) waits.push(next(place(`other ${n}`)));
    }
    expect(waits).to.deep.equal(Array(10).fill(1));
  });

  it("does not tell those of a higher rank to come back after those of a lower one", () => {
    const next = createRetryAfter(() => 0.5);
    for (let n = 0; n < 40; n += 1) next(place(`sign-up ${n}`));
    expect(["sign_in", "known", "sign_in"].map((rank, n) => next(place(`other ${n}`, rank as Rank)))).to.deep.equal([
      1, 1, 1,
    ]);
  });

  it("tells those of a lower rank to come back after those of a higher one, who go before them", () => {
    const next = createRetryAfter(() => 0.5);
    for (let n = 0; n < 20; n += 1) next(place(`sign-in ${n}`, "sign_in"));
    expect(next(place("sign-in 0", "sign_up"))).to.equal(11);
    expect(next(place("other", "known"))).to.equal(1);
  });
});
