import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const ROOT = join(import.meta.dirname, "../..");
const run = promisify(execFile);

/** How many migrations there are. */
export const MIGRATIONS = readdirSync(join(ROOT, "migrations")).length;

/** Runs the knex command line, without the second that npx takes. Rejects with what it said where it fails. */
export function runKnex(words: readonly string[], env: NodeJS.ProcessEnv): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, ["node_modules/knex/bin/cli.js", ...words], { cwd: ROOT, env });
}
