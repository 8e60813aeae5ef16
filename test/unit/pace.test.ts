import { expect } from "chai";
import { createPace } from "../../src/service/pace.ts";

describe("the pace", () => {
  it("gives so many turns a second, and refuses those who would wait longer than one", async () => {
    const pace = createPace(50);
    const started = performance.now();
    const turns = await Promise.all(Array.from({ length: 100 }, pace));
    expect(performance.now() - started).to.be.within(950, 3000);
    expect(turns.filter(Boolean).length).to.be.within(50, 53);
    expect(turns.slice(0, 50)).not.to.include(false);
  });
});
