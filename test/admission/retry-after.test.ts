import { mock } from "node:test";
import { expect } from "chai";
import { createRetryAfter } from "../../src/admission/retry-after.ts";

describe("Retry-After", () => {
  it("tells rejected callers to come back one turn after another, but not too late", () => {
    let now = 5000;
    const clock = mock.method(performance, "now", () => now);
    const next = createRetryAfter(() => 0.5);
    expect(Array.from({ length: 6 }, next)).to.deep.equal([1, 1, 2, 2, 3, 3]);
    now += 2000;
    expect(next()).to.equal(2);
    expect(Array.from({ length: 100 }, next).at(-1)).to.equal(30);
    now += 60_000;
    expect(next()).to.equal(1);
    clock.mock.restore();
  });
});
