import { parseArgs } from "node:util";
import { loadConfig } from "../src/config/environment.ts";

/** What is measured: `npm run bench -- sessions` measures one of them alone. */
export const PARTS = ["sessions", "registration"] as const;

const { values, positionals } = parseArgs({
  options: { quick: { type: "boolean", default: false }, json: { type: "string" } },
  allowPositionals: true,
});

export const options = values;
export const config = loadConfig();

export const SECONDS = options.quick ? 6 : 10;
export const RAMP_SECONDS = options.quick ? 3 : 6;
/** How often the limit and the load take turns: a machine's speed changes within minutes. */
export const ROUNDS = options.quick ? 1 : 2;
export const MANY = options.quick ? 100_000 : 1_000_000;

export function isChosen(part: (typeof PARTS)[number]): boolean {
  return positionals.length === 0 || positionals.includes(part);
}
