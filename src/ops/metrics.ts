import { type RequestHandler, Router } from "express";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Seconds: a page takes one or two thousandths, a hash a quarter, the line up to some seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What is counted, under names that follow Prometheus's conventions. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const robots = new Counter({
    name: "foyer_robots_total",
    help: "Forms that look like a robot's: the hidden field was filled (nothing was registered), or it came too fast (it waited).",
    labelNames: ["reason"] as const,
    registers,
  });
  for (const reason of ["honeypot", "too_fast"]) robots.inc({ reason }, 0);
  return {
    registry,
    hashSeconds: new Histogram({
      name: "foyer_hash_duration_seconds",
      help: "Time that one password hash took, without its wait.",
      buckets: BUCKETS,
      registers,
    }),
    hashRefusals: new Counter({
      name: "foyer_hash_refusals_total",
      help: "Hashes not computed: the line was full, the client left it, it closed at shutdown, or the thread broke.",
      labelNames: ["reason"] as const,
      registers,
    }),
    registrations: new Counter({
      name: "foyer_registrations_total",
      help: "Registrations asked for, by what came of them.",
      labelNames: ["outcome"] as const,
      registers,
    }),
    verifications: new Counter({
      name: "foyer_verifications_total",
      help: "Confirmations of an address asked for, by what came of them.",
      labelNames: ["outcome"] as const,
      registers,
    }),
    robots,
    mails: new Counter({
      name: "foyer_mails_total",
      help: "Mails, by what happened to them: queued, sent, retried later, given up, or dropped for there was nothing to say.",
      labelNames: ["event"] as const,
      registers,
    }),
    requestSeconds: new Histogram({
      name: "http_request_duration_seconds",
      help: "Time from a request's arrival to the end of its answer.",
      labelNames: ["method", "route", "status"] as const,
      buckets: BUCKETS,
      registers,
    }),
    /** Shows how many wait for a hash or are being hashed. */
    watchLine(length: () => number) {
      new Gauge({
        name: "foyer_hash_queue_length",
        help: "Registrations waiting for their hash or being hashed.",
        registers,
        collect() {
          this.set(length());
        },
      });
    },
    /** Shows the mails that wait, at all instances: asked of the database when the metrics are read, where it answers. */
    watchOutbox(waiting: () => Promise<{ count: number; oldestSeconds: number }>) {
      const read = async () => waiting().catch(() => ({ count: Number.NaN, oldestSeconds: Number.NaN }));
      new Gauge({
        name: "foyer_mails_waiting",
        help: "Mails that wait to be sent.",
        registers,
        async collect() {
          this.set((await read()).count);
        },
      });
      new Gauge({
        name: "foyer_mail_oldest_seconds",
        help: "Age of the oldest mail that waits; 0 for none.",
        registers,
        async collect() {
          this.set((await read()).oldestSeconds);
        },
      });
    },
  };
}

export type Metrics = ReturnType<typeof createMetrics>;

/** GET /metrics, for Prometheus. */
export function metricsRoute({ registry }: Metrics): Router {
  const show: RequestHandler = async (_req, res) => {
    res.type(registry.contentType).send(await registry.metrics());
  };
  return Router().get("/metrics", show);
}
