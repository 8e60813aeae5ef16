import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** A container's CPU limit (cgroup v2): "quota period" in microseconds, or "max" for none. */
const CPU_MAX = "/sys/fs/cgroup/cpu.max";

function parseLimit(text: string): number {
  const [quota, period] = text.trim().split(" ").map(Number);
  return quota && period ? Math.max(1, Math.floor(quota / period)) : Number.POSITIVE_INFINITY;
}

/** How many cores this process may use. Node 20 counts the cores it is pinned to, but ignores a container's limit. */
export function availableCores(readLimit: () => string = () => readFileSync(CPU_MAX, "utf8")): number {
  try {
    return Math.min(availableParallelism(), parseLimit(readLimit()));
  } catch {
    return availableParallelism();
  }
}
