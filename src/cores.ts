import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** A container's share as Linux states it (cgroup v2): "quota period" in microseconds, or "max" for all. */
const CPU_MAX = "/sys/fs/cgroup/cpu.max";

function shareOf(statement: string): number {
  const [quota, period] = statement.trim().split(" ").map(Number);
  return quota && period ? Math.max(1, Math.floor(quota / period)) : Number.POSITIVE_INFINITY;
}

/** How many cores this process may use. Node 20's own count knows of pinned cores, but not of a container's share. */
export function availableCores(readStatement: () => string = () => readFileSync(CPU_MAX, "utf8")): number {
  try {
    return Math.min(availableParallelism(), shareOf(readStatement()));
  } catch {
    return availableParallelism();
  }
}
