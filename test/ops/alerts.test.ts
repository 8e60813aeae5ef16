import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { startFoyer } from "../support/foyer.ts";

const ROOT = join(import.meta.dirname, "../..");
const RULES = readFileSync(join(ROOT, "ops/alerts.yml"), "utf8");

describe("the alerts in ops/alerts.yml", () => {
  it("ask only for metrics that /metrics has from the start", async () => {
    const named = new Set(RULES.match(/\b(?:foyer|http|process|nodejs)_[a-z_0-9]+/g));
    const foyer = await startFoyer();
    const { text } = await foyer.http.get("/healthz").then(() => foyer.http.get("/metrics"));
    await foyer.stop();
    const series = new Set(Array.from(text.matchAll(/^(\w+)/gm), ([, name]) => name));
    expect(named.size).to.be.above(10);
    for (const name of named) expect(series).to.include(name);
  });

  it("quote only lines of the log that Foyer writes", () => {
    const src = join(ROOT, "src");
    const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
    const source = files.map((file) => readFileSync(join(src, file), "utf8")).join("\n");
    const quoted = Array.from(RULES.matchAll(/(?<=\s)"([a-z][a-z'\s]+)"/g), ([, line = ""]) =>
      line.replaceAll(/\s+/g, " "),
    );
    expect(quoted).to.include("the database does not answer");
    for (const line of quoted) expect(source).to.include(line);
  });

  for (const args of [
    ["check", "rules", "ops/alerts.yml"],
    ["test", "rules", "test/ops/alerts.test.yml"],
  ]) {
    it(`pass promtool ${args.slice(0, 2).join(" ")}`, function () {
      const { error, status, stdout, stderr } = spawnSync("promtool", args, { cwd: ROOT, encoding: "utf8" });
      // Prometheus is a large package to install for its checker alone.
      if (error) return this.skip();
      expect(status, stdout + stderr).to.equal(0);
    });
  }
});
