import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/** Reads one figure of the service's own metrics. */
async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

/** Starts the built service, with the start script, on a free port of the loopback address. */
export async function startService(env: Record<string, string>) {
  const child = spawn("npm", ["start", "--ignore-scripts"], {
    cwd: ROOT,
    env: { ...process.env, ...env, HOST: "127.0.0.1", PORT: "0", PUBLIC_URL: "" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.once("exit", () => reject(new Error("the service did not start")));
    child.stdout.on("data", (chunk) => {
      const [, found] = /Foyer is open at (\S+)/.exec(String(chunk)) ?? [];
      if (found) resolve(found);
    });
  });
  let peakBytes = 0;
  const watch = setInterval(() => {
    metric(url, "process_resident_memory_bytes").then(
      (bytes) => {
        peakBytes = Math.max(peakBytes, bytes);
      },
      () => {},
    );
  }, 1000);
  return {
    url,
    cpuSeconds: () => metric(url, "process_cpu_seconds_total"),
    peakMiB: () => peakBytes / 2 ** 20,
    async stop() {
      clearInterval(watch);
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

export type Service = Awaited<ReturnType<typeof startService>>;
