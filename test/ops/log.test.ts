import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect } from "chai";

const ROOT = join(import.meta.dirname, "../..");
const PROGRAM =
  'import { createLog } from "./src/ops/log.ts"; createLog("info").info({ requestId: "r1" }, "a line to read");';
const COMMAND = [process.execPath, "--import", "tsx", "--input-type=module", "-e", PROGRAM];

describe("the log", () => {
  it("is JSON where its output is a pipe", () => {
    const [program = "", ...args] = COMMAND;
    const { stdout } = spawnSync(program, args, { cwd: ROOT, encoding: "utf8" });
    expect(JSON.parse(stdout)).to.include({ msg: "a line to read", requestId: "r1" });
  });

  it("is text where its output is a terminal", function () {
    const quoted = COMMAND.map((word) => `'${word}'`).join(" ");
    const { stdout, error } = spawnSync("script", ["-qec", quoted, "/dev/null"], { cwd: ROOT, encoding: "utf8" });
    // Not every system has the program that provides a terminal.
    if (error) return this.skip();
    expect(stdout)
      .to.match(/INFO.*a line to read.*r1/s)
      .and.not.include('"msg"');
  });
});
