import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { startFoyer } from "../support/foyer.ts";

const ROOT = join(import.meta.dirname, "../..");

describe("the alerts", () => {
  it("ask for no metric that /metrics has not from the start", async () => {
    const rules = readFileSync(join(ROOT, "ops/alerts.yml"), "utf8");
    // Prometheus's own, of each target.
    const named = new Set(rules.match(/\b(?:foyer|http|process|nodejs)_[a-z_0-9]+/g));
    const foyer = await startFoyer();
    const { text } = await foyer.http.get("/healthz").then(() => foyer.http.get("/metrics"));
    await foyer.stop();
    const series = new Set(Array.from(text.matchAll(/^(\w+)/gm), ([, name]) => name));
    expect(named.size).to.be.above(10);
    for (const name of named) expect(series).to.include(name);
  });

  for (const args of [
    ["check", "rules", "ops/alerts.yml"],
    ["test", "rules", "test/unit/alerts.test.yml"],
  ]) {
    it(`stand before promtool ${args.slice(0, 2).join(" ")}`, function () {
      const { error, status, stdout, stderr } = spawnSync("promtool", args, { cwd: ROOT, encoding: "utf8" });
      // Prometheus is a large package to install for its checker alone.
      if (error) return this.skip();
      expect(status, stdout + stderr).to.equal(0);
    });
  }
});
