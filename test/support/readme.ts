import { readFileSync } from "node:fs";
import { join } from "node:path";

const README = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");

/** README's examples, by their first line. */
export const EXAMPLES = new Map(
  Array.from(README.matchAll(/^```(?:tsx?|nginx)\n(?:\/\/|#) (.+)\n([\s\S]*?)^```$/gm), ([, name = "", text = ""]) => [
    name,
    text,
  ]),
);

/** One of them, for the Foyer at `url`. */
export function example(name: string, url = "http://localhost:3000"): string {
  const text = EXAMPLES.get(name);
  if (text === undefined) throw new Error(`README has no example ${name}`);
  return text.replaceAll("http://localhost:3000", url);
}
