import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BroadcastChannel } from "node:worker_threads";
import { expect } from "chai";
import { pino } from "pino";
import type { Place } from "../../src/admission/place.ts";
import { createHasher } from "../../src/hashing/hasher.ts";
import { waitFor } from "../support/wait-for.ts";

const PLACE: Place = { network: "192.0.2.1", rank: "sign_up" };

/** A caller who does not go away. */
function staying() {
  return new AbortController().signal;
}

function create(concurrency: number, refusals: string[], worker?: URL, cost = 4) {
  return createHasher({
    cost,
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
    const hashed = await hasher.hash("secret123", staying(), PLACE);
    if (!hashed.ok) throw new Error("was not hashed");
    const verify = (typed: string, stored: string | undefined) =>
      hasher.verify({ typed, nfc: typed }, stored, staying(), PLACE);
    expect(await verify("secret123", hashed.value)).to.deep.equal({ ok: true, value: true });
    expect(await verify("secret124", hashed.value)).to.deep.equal({ ok: true, value: false });
    expect(await verify("secret123", undefined)).to.deep.equal({ ok: true, value: false });
    expect(hasher.isStale(hashed.value)).to.equal(false);
    expect(hasher.isStale(hashed.value.replace("$04$", "$05$"))).to.equal(true);
    expect(hasher.length()).to.equal(0);
    await hasher.close();
  });

  it("verifies on one thread, with as much work for a hash of lower cost and where there is none", async () => {
    const hasher = await create(2, [], new URL("../support/noting-worker.js", import.meta.url), 6);
    const calls = new BroadcastChannel("bcrypt calls");
    const noted: { threadId: number; call: string }[] = [];
    calls.onmessage = ({ data }) => noted.push(data);
    const workFor = async (stored: string | undefined, count: number) => {
      await hasher.verify({ typed: "secret123", nfc: "secret123" }, stored, staying(), PLACE);
      await waitFor(async () => noted.length >= count || undefined);
      const work = noted.splice(0);
      expect(new Set(work.map(({ threadId }) => threadId)).size).to.equal(1);
      return work.map(({ call }) => call);
    };
    const ofCost = (cost: string) => `$2b$${cost}$${"x".repeat(53)}`;
    expect(await workFor(ofCost("06"), 1)).to.deep.equal(["compare 6"]);
    expect(await workFor(ofCost("04"), 3)).to.deep.equal(["compare 4", "hash 4", "hash 5"]);
    expect(await workFor(undefined, 1)).to.deep.equal(["hash 6"]);
    calls.close();
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
    const late = setTimeout(() => program.kill("SIGKILL"), 60_000);
    const [code] = await once(program, "close");
    clearTimeout(late);
    expect(code).to.equal(3);
  });

  it("counts whom it refuses, but no hash that would only be renewed", async () => {
    const refusals: string[] = [];
    const hasher = await create(1, refusals);
    for (const rank of ["rehash", "sign_in"] as const) {
      expect(hasher.refuse({ network: "192.0.2.1", rank })).to.deep.equal({ code: "busy", retryAfterSeconds: 1 });
    }
    expect(refusals).to.deep.equal(["full"]);
    await hasher.close();
  });

  it("refuses with busy where a thread dies, and has another thread for the next", async () => {
    const refusals: string[] = [];
    const hasher = await create(1, refusals, new URL("../support/breaking-worker.js", import.meta.url));
    const turns = ["dies at once", "lives", "dies at once", "lives"].map((password) =>
      hasher.hash(password, staying(), PLACE),
    );
    const busy = { ok: false, error: { code: "busy", retryAfterSeconds: 1 } };
    const lives = { ok: true, value: "lives" };
    expect(await Promise.all(turns)).to.deep.equal([busy, lives, busy, lives]);
    expect(refusals).to.deep.equal(["broken", "broken"]);
    await hasher.close();
  });
});
