import { type RequestHandler, Router } from "express";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Seconds: a page takes one or two thousandths, a hash a quarter, the line up to some seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What came of a call: its success, or the code of the refusal. */
const OUTCOMES = {
  registrations: ["registered", "invalid_input", "email_taken", "registration_closed", "rate_limited", "busy", "unavailable"],
  verifications: ["verified", "token_unknown", "token_expired", "token_used", "code_refused", "rate_limited", "unavailable"],
  resends: ["accepted", "invalid_input", "rate_limited", "unavailable"],
};

type Labelled<V extends string> = { name: string; help: string; label: string; values: readonly V[] };

/** A counter by one label. All its values are there from the start, or `rate()` would not see the first of each. */
function counterIn(registry: Registry) {
  return <V extends string>({ name, help, label, values }: Labelled<V>) => {
    const counter = new Counter({ name, help, labelNames: [label], registers: [registry] });
    for (const value of values) counter.inc({ [label]: value }, 0);
    return (value: V) => counter.inc({ [label]: value });
  };
}

/** Asks once for all that read its answer at one time, such as the gauges of one scrape. */
function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let asking: Promise<T> | undefined;
  return () => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}

export type PoolUse = { used: number; idle: number; waiting: number; max: number };

/** What is told of as it happens. */
function counters(registry: Registry) {
  const registers = [registry];
  const counter = counterIn(registry);
  return {
    hashSeconds: new Histogram({
      name: "foyer_hash_duration_seconds",
      help: "Time that one password hash took, without its wait.",
      buckets: BUCKETS,
      registers,
    }),
    hashRefused: counter({
      name: "foyer_hash_refusals_total",
      help: "Hashes not computed: the line was full, the client left it, it closed at shutdown, or the thread broke.",
      label: "reason",
      values: ["full", "left", "closed", "broken"],
    }),
    registered: counter<string>({
      name: "foyer_registrations_total",
      help: "Registrations asked for, by what came of them.",
      label: "outcome",
      values: OUTCOMES.registrations,
    }),
    verified: counter<string>({
      name: "foyer_verifications_total",
      help: "Confirmations of an address asked for, by what came of them.",
      label: "outcome",
      values: OUTCOMES.verifications,
    }),
    resent: counter<string>({
      name: "foyer_resends_total",
      help: "New mails asked for, by what came of that.",
      label: "outcome",
      values: OUTCOMES.resends,
    }),
    limitExceeded: counter({
      name: "foyer_limit_refusals_total",
      help: "Attempts refused, by the limit that they exceeded.",
      label: "limit",
      values: ["address", "email", "mailbox", "total"],
    }),
    mail: counter({
      name: "foyer_mails_total",
      help: "Mails, by what happened to them: queued, sent, retried later, given up, or dropped for there was nothing to say.",
      label: "event",
      values: ["queued", "sent", "retried", "given_up", "dropped"],
    }),
    robot: counter({
      name: "foyer_robots_total",
      help: "Forms that look like a robot's: the hidden field was filled (nothing was registered), or it came too fast (it waited).",
      label: "reason",
      values: ["honeypot", "too_fast"],
    }),
    faults: new Counter({
      name: "foyer_faults_total",
      help: "Requests that came upon a fault of ours, or of what Foyer runs on; the log has each.",
      registers,
    }),
    requestSeconds: new Histogram({
      name: "http_request_duration_seconds",
      help: "Time from a request's arrival to the end of its answer.",
      labelNames: ["method", "route", "status"] as const,
      buckets: BUCKETS,
      registers,
    }),
  };
}

/** What is asked for when the metrics are read. */
function gauges(registry: Registry) {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number | Promise<number>) => {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await read());
      },
    });
  };
  return {
    /** Shows how many wait for a hash or are being hashed. */
    watchLine(length: () => number) {
      gauge("foyer_hash_queue_length", "Registrations waiting for their hash or being hashed.", length);
    },
    /** Shows whether this instance can serve, as GET /readyz tells. */
    watchReadiness(isReady: () => Promise<boolean>) {
      gauge("foyer_ready", "1 while the database answers, else 0.", async () => Number(await isReady()));
    },
    /** Shows the connections to the database that this instance has. */
    watchPool(use: () => PoolUse) {
      new Gauge({
        name: "foyer_database_connections",
        help: "Connections to the database that are open, by what they do.",
        labelNames: ["state"],
        registers,
        collect() {
          this.set({ state: "used" }, use().used);
          this.set({ state: "idle" }, use().idle);
        },
      });
      gauge("foyer_database_connections_max", "Connections to the database that may be open.", () => use().max);
      gauge("foyer_database_connections_waiting", "Queries that wait for a connection to the database.", () => use().waiting);
    },
    /** Shows the mails that wait, at all instances: asked of the database when the metrics are read, where it answers. */
    watchOutbox(waiting: () => Promise<{ count: number; oldestSeconds: number }>) {
      const read = shared(() => waiting().catch(() => ({ count: Number.NaN, oldestSeconds: Number.NaN })));
      gauge("foyer_mails_waiting", "Mails that wait to be sent.", async () => (await read()).count);
      gauge("foyer_mail_oldest_seconds", "Age of the oldest mail that waits; 0 for none.", async () => (await read()).oldestSeconds);
    },
  };
}

/**
 * What is counted, under names that follow Prometheus's conventions.
 * @param version this Foyer's.
 */
export function createMetrics(version: string) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const help = "Always 1: which Foyer runs, on which Node.";
  const build = new Gauge({ name: "foyer_build_info", help, labelNames: ["version", "node"], registers });
  build.set({ version, node: process.version }, 1);
  return { registry, ...counters(registry), ...gauges(registry) };
}

export type Metrics = ReturnType<typeof createMetrics>;

/** GET /metrics, for Prometheus. */
export function metricsRoute({ registry }: Metrics): Router {
  const show: RequestHandler = async (_req, res) => {
    res.type(registry.contentType).send(await registry.metrics());
  };
  return Router().get("/metrics", show);
}
