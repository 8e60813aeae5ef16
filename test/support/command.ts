import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestDatabase } from "./database.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");

/** Runs `npm run emails` or `npm run events`, as built, with words after it. */
export async function runCommand(name: "emails" | "events", database: TestDatabase, words: readonly string[]) {
  const { PATH = "", NODE_V8_COVERAGE = "" } = process.env;
  const env = { PATH, NODE_V8_COVERAGE, ...database.env };
  try {
    const { stdout } = await run(process.execPath, [`dist/src/cli/${name}.js`, ...words], { cwd: ROOT, env });
    return { code: 0, said: stdout };
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { code, said: stderr };
  }
}
