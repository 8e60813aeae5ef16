import { Router } from "express";

/** GET /healthz tells whether the process runs, GET /readyz whether it can serve: `isReady` must not reject. */
export function health(isReady: () => Promise<boolean>, warnings: () => string[]): Router {
  const router = Router();
  router.get("/healthz", (_req, res) => {
    res.json({ status: "ok" });
  });
  router.get("/readyz", async (_req, res) => {
    const ready = await isReady();
    res.status(ready ? 200 : 503).json({ status: ready ? "ready" : "unavailable", warnings: warnings() });
  });
  return router;
}
