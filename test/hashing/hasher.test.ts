import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { pino } from "pino";
import { createHasher } from "../../src/hashing/hasher.ts";

/** A caller who does not go away. */
function staying() {
  return new AbortController().signal;
}

function create(concurrency: number, refusals: string[], worker?: URL) {
  return createHasher({
    cost: 4,
    concurrency,
    maxWaitSeconds: 5,
    log: pino({ level: "silent" }),
    observe: { hashed: () => {}, refused: (reason) => refusals.push(reason) },
    ...(worker && { worker }),
  });
}

describe("the hasher", () => {
  it("verifies what it hashed, and leaves nobody in its queue", async () => {
    const hasher = await create(2, []);
    const hashed = await hasher.hash("secret123", staying(), "a network");
    if (!hashed.ok) throw new Error("was not hashed");
    expect(await hasher.verify("secret123", hashed.value, staying(), "a network")).to.deep.equal({
      ok: true,
      value: true,
    });
    expect(hasher.length()).to.equal(0);
    await hasher.close();
  });

  it("hashes in threads that give way to others", async function () {
    if (!existsSync("/proc/self/task")) return this.skip();
    const hasher = await create(2, []);
    const niceOf = (stat: string) => Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
    const nices = readdirSync("/proc/self/task").map((task) =>
      niceOf(readFileSync(`/proc/self/task/${task}/stat`, "utf8")),
    );
    expect(nices.filter((nice) => nice >= 10)).to.have.length.of.at.least(2);
    await hasher.close();
  });

  it("leaves nothing behind that would keep the process alive", async () => {
    const program = spawn(process.execPath, [
      "--import",
      "tsx",
      join(import.meta.dirname, "../support/hasher-program.ts"),
    ]);
    const late = setTimeout(() => program.kill("SIGKILL"), 15_000);
    const [code] = await once(program, "close");
    clearTimeout(late);
    expect(code).to.equal(3);
  });

  it("refuses with busy where a thread dies, and has another thread for the next", async () => {
    const refusals: string[] = [];
    const hasher = await create(1, refusals, new URL("../support/breaking-worker.js", import.meta.url));
    const turns = ["dies at once", "lives", "dies at once", "lives"].map((password) =>
      hasher.hash(password, staying(), "a network"),
    );
    const busy = { ok: false, error: { code: "busy", retryAfterSeconds: 1 } };
    const lives = { ok: true, value: "lives" };
    expect(await Promise.all(turns)).to.deep.equal([busy, lives, busy, lives]);
    expect(refusals).to.deep.equal(["broken", "broken"]);
    await hasher.close();
  });
});
