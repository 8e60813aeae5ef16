import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/** Reads one figure of the service's own metrics, the sum where it has labels. */
async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const series = text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "gm"));
  return [...series].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Starts the built service, with the start script, on a free port of the loopback address. */
export async function startService(env: Record<string, string>) {
  const child = spawn("npm", ["start", "--ignore-scripts"], {
    cwd: ROOT,
    env: { ...process.env, ...env, HOST: "127.0.0.1", PORT: "0", PUBLIC_URL: "", RATE_LIMITS: "off" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { url, pid } = await new Promise<{ url: string; pid: number }>((resolve, reject) => {
    child.once("exit", () => reject(new Error("the service did not start")));
    child.stdout.on("data", (chunk) => {
      const line = String(chunk)
        .split("\n")
        .find((line) => line.includes("Foyer is open at"));
      if (line) resolve(JSON.parse(line));
    });
  });
  // To look at each line that a request has logged would take as much of the machine as to send it.
  child.stdout.removeAllListeners("data").resume();
  return {
    url,
    cpuSeconds: () => metric(url, "process_cpu_seconds_total"),
    statements: () => metric(url, "foyer_database_statements_total"),
    sessionChecks: () => metric(url, "foyer_session_checks_total"),
    sessionReads: () => metric(url, "foyer_session_reads_total"),
    /** The peak that Linux keeps of a process; elsewhere what it takes at this moment. */
    async residentMiB() {
      const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
      const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
      return kibibytes ? Number(kibibytes) / 2 ** 10 : (await metric(url, "process_resident_memory_bytes")) / 2 ** 20;
    },
    async stop() {
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

export type Service = Awaited<ReturnType<typeof startService>>;
