import { expect } from "chai";
import { pino } from "pino";
import { createHasher } from "../../src/hashing/hasher.ts";

/** Someone who does not go away. */
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
  it("hashes and verifies through one line", async () => {
    const hasher = await create(2, []);
    const [place, again] = [hasher.enter(staying()), hasher.enter(staying())];
    if (!place.ok || !again.ok) throw new Error("was not let in");
    const hashed = await place.hash("secret123");
    if (!hashed.ok) throw new Error("was not hashed");
    expect(await again.verify("secret123", hashed.value)).to.deep.equal({ ok: true, value: true });
    expect(hasher.length()).to.equal(0);
    await hasher.close();
  });

  it("answers for a thread that dies, and has another for the next", async () => {
    const refusals: string[] = [];
    const hasher = await create(1, refusals, new URL("../support/breaking-worker.js", import.meta.url));
    const turns = ["dies at once", "lives", "dies at once", "lives"].map((password) => {
      const place = hasher.enter(staying());
      if (!place.ok) throw new Error("was not let in");
      return place.hash(password);
    });
    expect(await Promise.all(turns)).to.deep.equal([
      { ok: false, retryAfterSeconds: 1 },
      { ok: true, value: "lives" },
      { ok: false, retryAfterSeconds: 1 },
      { ok: true, value: "lives" },
    ]);
    expect(refusals).to.deep.equal(["broken", "broken"]);
    await hasher.close();
  });
});
