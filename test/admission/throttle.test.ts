import { expect } from "chai";
import { createThrottle } from "../../src/admission/throttle.ts";

describe("the throttle", () => {
  it("gives so many turns a second, and refuses those who would wait longer than one", async () => {
    const throttle = createThrottle(50);
    const started = performance.now();
    const turns = await Promise.all(Array.from({ length: 100 }, throttle));
    expect(performance.now() - started).to.be.within(950, 3000);
    expect(turns.filter(Boolean).length).to.be.within(50, 53);
    expect(turns.slice(0, 50)).not.to.include(false);
  });
});
