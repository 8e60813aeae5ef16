import { Router } from "express";

/**
 * GET /healthz: the process runs. GET /readyz: it can serve.
 * @param isReady resolves to whether the database answers; it never rejects.
 * @param remarks gives what the operator should know though Foyer serves.
 */
export function health(isReady: () => Promise<boolean>, remarks: () => string[]): Router {
  const router = Router();
  router.get("/healthz", (_req, res) => {
    res.json({ status: "ok" });
  });
  router.get("/readyz", async (_req, res) => {
    const ready = await isReady();
    res.status(ready ? 200 : 503).json({ status: ready ? "ready" : "unavailable", remarks: remarks() });
  });
  return router;
}
