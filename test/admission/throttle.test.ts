import { mock } from "node:test";
import { expect } from "chai";
import { createThrottle } from "../../src/admission/throttle.ts";

describe("the throttle", () => {
  it("gives so many turns a second, and refuses those who would wait longer than two seconds", async () => {
    const throttle = createThrottle(25);
    const started = Date.now();
    // They ask in one moment, which on a busy machine would be several.
    const clock = mock.method(performance, "now", () => 5000);
    const asked = Array.from({ length: 100 }, throttle);
    clock.mock.restore();
    const turns = await Promise.all(asked);
    expect(Date.now() - started).to.be.at.least(1950);
    expect(turns).to.deep.equal([...Array(51).fill(true), ...Array(49).fill(false)]);
  });
});
