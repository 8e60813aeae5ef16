import { genSaltSync } from "bcrypt";
import type { Load } from "./load.ts";
import { measureRaw, type Raw } from "./raw.ts";
import { mean } from "./report.ts";
import { config, ROUNDS, SECONDS } from "./settings.ts";

/** How fast this machine hashes at this moment. */
export function raw(): Promise<Raw> {
  return measureRaw({ threads: config.hashConcurrency, salt: genSaltSync(config.bcryptCost), seconds: SECONDS / 2 });
}

/** Runs a load in turns with measurements of the machine's limit, so that both saw the same machine. */
export async function besideRaw<T>(load: () => Promise<T>) {
  const limits = [await raw()];
  const results: T[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    results.push(await load());
    limits.push(await raw());
  }
  return {
    results,
    limit: mean(limits.map(({ perSecond }) => perSecond)),
    hashCpuMs: mean(limits.map(({ cpuMs }) => cpuMs)),
  };
}

/** Takes several runs of a load for one. */
function merge(loads: Load[]): Load {
  return { answers: loads.flatMap(({ answers }) => answers), perSecond: mean(loads.map(({ perSecond }) => perSecond)) };
}

/** The same, of loads of which only the sum is of interest. */
export async function loadBesideRaw(load: () => Promise<Load>) {
  const { results, ...measured } = await besideRaw(load);
  return { ...measured, load: merge(results) };
}

/** Runs two loads in turns. */
export async function inTurns(turns: number, one: () => Promise<Load>, other: () => Promise<Load>) {
  const loads: [Load, Load][] = [];
  for (let turn = 0; turn < turns; turn += 1) loads.push([await one(), await other()]);
  return [merge(loads.map(([load]) => load)), merge(loads.map(([, load]) => load))] as const;
}
