import type { ServerResponse } from "node:http";

const SWEEP_MS = 5000;
/** A minute: the largest answer has 40 KB where it is compressed, which the slowest phone has read by then. */
const MOST_SWEEPS = 12;

/** Ends connections whose clients do not read their answers, and so keep them in memory. @returns what stops it. */
export function endUnreadAnswers(running: ReadonlySet<ServerResponse>): () => void {
  const sweeps = new WeakMap<ServerResponse, number>();
  const sweep = setInterval(() => {
    for (const res of running) {
      if (!res.writableEnded) continue;
      const count = (sweeps.get(res) ?? 0) + 1;
      sweeps.set(res, count);
      if (count > MOST_SWEEPS) res.socket?.destroy();
    }
  }, SWEEP_MS).unref();
  return () => clearInterval(sweep);
}
