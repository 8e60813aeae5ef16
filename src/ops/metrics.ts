import { type RequestHandler, Router } from "express";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { cached } from "./cached.ts";

/** Seconds. A page takes one or two thousandths, a hash a quarter, the queue up to a few seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How often the event loop's delay is measured. It wakes the process: by default (10 ms) that is half of idling. */
const DELAY_EVERY_MS = 50;

/** Counting sessions takes the database longer than any other metric. */
const SESSIONS_CACHED_MS = 60_000;

type Labelled<V extends string> = { name: string; help: string; label: string; values: readonly V[] };

/** A counter with one label. All its series exist from the start: `rate()` would miss the first event of a new one. */
function counterIn(registry: Registry) {
  return <V extends string>({ name, help, label, values }: Labelled<V>) => {
    const counter = new Counter({ name, help, labelNames: [label], registers: [registry] });
    for (const value of values) counter.inc({ [label]: value }, 0);
    return (value: V) => counter.inc({ [label]: value });
  };
}

export type PoolUse = { used: number; idle: number; waiting: number; max: number };

function counters(registry: Registry) {
  const registers = [registry];
  const counter = counterIn(registry);
  return {
    hashSeconds: new Histogram({
      name: "foyer_hash_duration_seconds",
      help: "Time to compute one password hash, without the wait for it.",
      buckets: BUCKETS,
      registers,
    }),
    hashRefused: counter({
      name: "foyer_hash_refusals_total",
      help: "Hashes not computed: the queue was full, the client aborted, the queue closed, or the thread broke.",
      label: "reason",
      values: ["full", "aborted", "closed", "broken"],
    }),
    limited: counter({
      name: "foyer_limit_refusals_total",
      help: "Attempts and requests refused, by the limit that they exceeded.",
      label: "limit",
      values: ["requests", "ip", "email", "total", "guesses", "sign_in"],
    }),
    email: counter({
      name: "foyer_emails_total",
      help: "Emails, by what happened to them. Delayed are those that a limit holds back; dropped, those with nothing to say, or held back with a newer one.",
      label: "event",
      values: ["queued", "sent", "delayed", "retried", "given_up", "dropped"],
    }),
    event: counter({
      name: "foyer_events_total",
      help: "Events, once for each consumer, by what happened to them.",
      label: "event",
      values: ["queued", "sent", "retried", "given_up"],
    }),
    bot: counter({
      name: "foyer_bots_total",
      help: "Forms that look like a bot's: hidden field filled (not registered), or sent too fast (delayed).",
      label: "reason",
      values: ["honeypot", "too_fast"],
    }),
    calls: new Counter({
      name: "foyer_procedure_calls_total",
      help: "Calls of procedures, by outcome: ok, or the code of the refusal.",
      labelNames: ["procedure", "outcome"],
      registers,
    }),
    statements: new Counter({
      name: "foyer_database_statements_total",
      help: "Statements sent to the database, but for those that begin and end transactions.",
      registers,
    }),
    faults: new Counter({
      name: "foyer_faults_total",
      help: "Requests that failed through a fault of Foyer or of what it runs on. The log has each.",
      registers,
    }),
    requestSeconds: new Histogram({
      name: "http_request_duration_seconds",
      help: "Time from the arrival of a request to the end of its answer.",
      labelNames: ["method", "route", "status"] as const,
      buckets: BUCKETS,
      registers,
    }),
  };
}

function sessionCounters(registry: Registry) {
  const counter = counterIn(registry);
  return {
    sessionChecked: counter({
      name: "foyer_session_checks_total",
      help: "Questions whose session a cookie or token is, by outcome: live, none, or malformed, which is answered without a look into the database.",
      label: "outcome",
      values: ["live", "none", "malformed"],
    }),
    rehashed: counter({
      name: "foyer_rehashes_total",
      help: "Passwords hashed again after a sign-in, because their hash was of another cost or system: done, skipped because the queue was full, or failed.",
      label: "outcome",
      values: ["done", "skipped", "failed"],
    }),
    sessionReads: new Counter({
      name: "foyer_session_reads_total",
      help: "Statements that read sessions to answer those questions. One answers all that come while others are under way.",
      registers: [registry],
    }),
  };
}

type Waiting = { count: number; oldestSeconds: number };

function gaugeIn(registry: Registry) {
  return (name: string, help: string, read: () => number | Promise<number>) => {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        this.set(await read());
      },
    });
  };
}

/** `waiting` asks the database, so it counts for all instances. The gauges are NaN while it does not answer. */
function waitingGauges(registry: Registry) {
  const gauge = gaugeIn(registry);
  return (waiting: () => Promise<Waiting>, { count, oldest }: Record<"count" | "oldest", [string, string]>) => {
    const read = cached(() => waiting().catch(() => ({ count: Number.NaN, oldestSeconds: Number.NaN })));
    gauge(...count, async () => (await read()).count);
    gauge(...oldest, async () => (await read()).oldestSeconds);
  };
}

function gauges(registry: Registry) {
  const registers = [registry];
  const gauge = gaugeIn(registry);
  const watchWaiting = waitingGauges(registry);
  return {
    watchQueue(length: () => number) {
      gauge("foyer_hash_queue_length", "Requests waiting for their hash, or whose hash is being computed.", length);
    },
    watchReadiness(isReady: () => Promise<boolean>) {
      gauge("foyer_ready", "1 while the database can be written to, else 0.", async () => Number(await isReady()));
    },
    watchPool(use: () => PoolUse) {
      new Gauge({
        name: "foyer_database_connections",
        help: "Open connections to the database, by what they do.",
        labelNames: ["state"],
        registers,
        collect() {
          this.set({ state: "used" }, use().used);
          this.set({ state: "idle" }, use().idle);
        },
      });
      gauge("foyer_database_connections_max", "Connections to the database that may be open.", () => use().max);
      gauge(
        "foyer_database_connections_waiting",
        "Queries that wait for a connection to the database.",
        () => use().waiting,
      );
    },
    /** `count` asks the database, so it counts for all instances. The gauge is NaN while it does not answer. */
    watchSessions(count: () => Promise<number>) {
      const read = cached(() => count().catch(() => Number.NaN), SESSIONS_CACHED_MS);
      gauge("foyer_sessions_live", "Sessions that have not ended, of all instances, within the last minute.", read);
    },
    watchOutbox(waiting: () => Promise<Waiting>) {
      watchWaiting(waiting, {
        count: ["foyer_emails_waiting", "Emails that wait to be sent, of all instances."],
        oldest: [
          "foyer_email_oldest_seconds",
          "How long the oldest email is due that waits. 0 when there is none. Limits count for nothing here.",
        ],
      });
    },
    watchEvents(waiting: () => Promise<Waiting>) {
      watchWaiting(waiting, {
        count: ["foyer_events_waiting", "Events that wait to be told, of all instances."],
        oldest: ["foyer_event_oldest_seconds", "How long the oldest event is due that waits. 0 when there is none."],
      });
    },
  };
}

type CountedRequest = { method: string; route: string; status: number; milliseconds: number; isFault: boolean };

type CountedProcedure = { name: string; refusals: readonly string[] };

/** Creates the metrics. Their names follow Prometheus's conventions. `version` is that of this Foyer. */
export function createMetrics(version: string) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: DELAY_EVERY_MS });
  const help = "Always 1: which Foyer runs, on which Node.";
  const build = new Gauge({ name: "foyer_build_info", help, labelNames: ["version", "node"], registers });
  build.set({ version, node: process.version }, 1);
  const { calls, requestSeconds, faults, statements, ...others } = counters(registry);
  const { sessionReads, ...ofSessions } = sessionCounters(registry);
  return {
    registry,
    ...others,
    ...ofSessions,
    ...gauges(registry),
    watchProcedures(procedures: readonly CountedProcedure[]) {
      for (const { name: procedure, refusals } of procedures) {
        for (const outcome of ["ok", ...refusals]) calls.inc({ procedure, outcome }, 0);
      }
    },
    stated: () => statements.inc(),
    sessionRead: () => sessionReads.inc(),
    called: (procedure: string, outcome: string) => calls.inc({ procedure, outcome }),
    requested({ method, route, status, milliseconds, isFault }: CountedRequest) {
      requestSeconds.observe({ method, route, status }, milliseconds / 1000);
      if (isFault) faults.inc();
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
