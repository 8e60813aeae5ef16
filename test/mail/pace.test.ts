import { mock } from "node:test";
import { expect } from "chai";
import { createPace } from "../../src/outbox/pace.ts";

describe("the pace of takes", () => {
  let now = 5000;
  before(() => mock.method(performance, "now", () => now));
  after(() => mock.restoreAll());

  it("lets five go at once, and each after them an interval later, until as many intervals passed without one", () => {
    const pace = createPace(500);
    const waits = () =>
      Array.from({ length: 6 }, () => {
        const wait = pace.waitMs();
        pace.count();
        return wait;
      });
    expect(waits()).to.deep.equal([0, 0, 0, 0, 0, 500]);
    now += 1000;
    expect(pace.waitMs()).to.equal(0);
    now += 4000;
    expect(waits()).to.deep.equal([0, 0, 0, 0, 0, 500]);
  });
});
