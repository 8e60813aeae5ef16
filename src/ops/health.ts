import { type Request, Router } from "express";
import { cached } from "./cached.ts";

export type Health = {
  /** Must not reject. */
  isReady(): Promise<boolean>;
  /** What the operator should know, and nobody else. */
  warnings(): string[];
};

/** @param canWrite whether the database does. It is asked once a second at most, however many want to know. */
export function createReadiness(canWrite: () => Promise<boolean>) {
  const ask = cached(canWrite);
  let isWithdrawn = false;
  return {
    canWrite: ask,
    isReady: async () => !isWithdrawn && (await ask()),
    withdraw() {
      isWithdrawn = true;
    },
  };
}

/** GET /healthz tells whether the process runs, GET /readyz whether it can serve; to the operator, the warnings too. */
export function healthRoutes({ isReady, warnings }: Health, isOperator: (req: Request) => boolean): Router {
  const router = Router();
  router.get("/healthz", (_req, res) => {
    res.json({ status: "ok" });
  });
  router.get("/readyz", async (req, res) => {
    const ready = await isReady();
    const status = ready ? "ready" : "unavailable";
    res.status(ready ? 200 : 503).json(isOperator(req) ? { status, warnings: warnings() } : { status });
  });
  return router;
}
