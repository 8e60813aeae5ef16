import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** What a failed test left behind goes with the test process. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export type FoyerProcess = {
  child: ChildProcess;
  output(): { stdout: string; stderr: string };
  /** Resolves to the address when it serves. */
  ready: Promise<string>;
  /** Resolves to the exit code, or the name of the signal that ended it. */
  ended: Promise<number | string>;
};

/** Starts Foyer, as built, the way an operator does: with nothing set but what is given, on a free port. */
export function spawnFoyer(env: Record<string, string>): FoyerProcess {
  const { PATH = "", HOME = "", NODE_V8_COVERAGE = "" } = process.env;
  const child = spawn(process.execPath, ["dist/src/main.js"], {
    cwd: ROOT,
    env: { PATH, HOME, NODE_V8_COVERAGE, PORT: "0", BCRYPT_COST: "10", RATE_LIMITS: "off", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  child.once("close", () => running.delete(child));
  let [stdout, stderr] = ["", ""];
  const ended = once(child, "close").then(([code, signal]) => code ?? signal);
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      const [, url] = /Foyer is open at (\S+)/.exec(stdout) ?? [];
      if (url) resolve(url);
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    ended.then(() => reject(new Error(`ended before it served: ${stderr}`)), reject);
  });
  // Not every test waits for it.
  ready.catch(() => {});
  return { child, output: () => ({ stdout, stderr }), ready, ended };
}

export async function postJson(url: string, body: object): Promise<number> {
  const answer = await fetch(`${url}/register`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  await answer.arrayBuffer();
  return answer.status;
}
