import { pino } from "pino";
import { createHasher } from "../../src/hashing/hasher.ts";

/** A program that hashes, closes its hasher and has nothing more to do: it should end by itself. */
const observe = { hashed: () => {}, refused: () => {} };
const hasher = await createHasher({
  cost: 4,
  concurrency: 2,
  maxWaitSeconds: 5,
  log: pino({ level: "silent" }),
  observe,
});
await hasher.close();
process.exitCode = 3;
