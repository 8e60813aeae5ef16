import { mock } from "node:test";
import { expect } from "chai";
import { createRetryAfter } from "../../src/admission/retry-after.ts";

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
    const times = (count: number) => Array.from({ length: count }, () => next("a network"));
    expect(times(6)).to.deep.equal([1, 1, 2, 2, 3, 3]);
    now += 2000;
    expect(times(1)).to.deep.equal([2]);
    expect(times(100).at(-1)).to.equal(30);
    now += 60_000;
    expect(times(1)).to.deep.equal([1]);
  });

  it("tells other networks to come back one after another, however many callers one had rejected", () => {
    const next = createRetryAfter(() => 0.5);
    for (let n = 0; n < 100; n += 1) next("many");
    expect(Array.from({ length: 4 }, (_, n) => next(`other ${n}`))).to.deep.equal([1, 2, 2, 3]);
  });

  it("gives a network that goes on being rejected no more than one place among the others", () => {
    const next = createRetryAfter(() => 0.5);
    const waits: number[] = [];
    for (let n = 0; n < 1000; n += 1) {
      now += 10;
      next("many");
      if (n % 100 === 0) waits.push(next(`other ${n}`));
    }
    expect(waits).to.deep.equal(Array(10).fill(1));
  });
});
