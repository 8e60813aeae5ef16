import { readFileSync } from "node:fs";
import express, { type Express } from "express";
import type { Logger } from "pino";
import type { Config } from "./config/environment.ts";
import { StartError } from "./config/start-error.ts";
import { connect, type Database } from "./db/connect.ts";
import { poolUse } from "./db/pool.ts";
import type { SourceSettings } from "./db/source.ts";
import { type Events, openEvents } from "./events/events.ts";
import { measureWaitingEvents } from "./events/waiting.ts";
import { createHasher, type Hasher } from "./hashing/hasher.ts";
import { createApp } from "./http/app.ts";
import { LanguageError } from "./language/catalogue.ts";
import { type Languages, loadLanguages } from "./language/languages.ts";
import { findProblems } from "./language/overrides.ts";
import type { ViewFolders } from "./language/views.ts";
import { createLimiter, UNLIMITED } from "./limits/limiter.ts";
import { limitRequestsInMemory } from "./limits/requests.ts";
import { type MailChannel, openMailChannel } from "./mail/channel.ts";
import { createOutbox, type Outbox } from "./mail/outbox.ts";
import { createRender } from "./mail/render.ts";
import { startWorker } from "./mail/worker.ts";
import { warnUntrustedForwarding } from "./ops/forwarded.ts";
import { createReadiness, type Health, healthRoutes } from "./ops/health.ts";
import { createMetrics, type Metrics, metricsRoute } from "./ops/metrics.ts";
import { startPurge } from "./ops/purge.ts";
import type { Worker, WorkerSettings } from "./outbox/worker.ts";
import { sharedSecret } from "./secrets/shared-secret.ts";
import { type Accounts, createAccounts } from "./service/account/accounts.ts";
import { createDescribeEmailChange } from "./service/email-change/link.ts";
import { createBuildEmails } from "./service/emails.ts";
import { createDescribeReset } from "./service/password/reset.ts";
import { createProcedures, type Procedures } from "./service/procedures.ts";
import { purgesOf } from "./service/purges.ts";
import { countLiveSessions } from "./service/sessions/count.ts";
import { createKnownBrowsers } from "./service/sessions/known-browser.ts";
import { createFindSession } from "./service/sessions/live.ts";
import { createRehash } from "./service/sessions/rehash.ts";
import { createVerifyAndSignIn } from "./service/sessions/verify-and-sign-in.ts";
import { mayWakeWorker } from "./service/verification/email.ts";
import { createDescribeLink } from "./service/verification/link.ts";

const ROOT = new URL(".", import.meta.resolve("foyer/package.json"));

const { version }: { version: string } = JSON.parse(readFileSync(new URL("package.json", ROOT), "utf8"));

export type Foyer = {
  app: Express;
  operatorApp: Express;
  procedures: Procedures;
  accounts: Accounts;
  /** Counts a request of a network, where the app itself does not. None where there are no limits. */
  spendRequest: ReturnType<typeof limitRequestsInMemory> | undefined;
  database: Database;
  /** From now on /readyz asks the balancer to send no more requests. */
  withdraw(): void;
  /** Has a function told of events, each at least once. It returns one that ends that. */
  on: Events["on"];
  /** Sends no more emails and tells no more events; what is being sent has a few seconds to be done. */
  stopSending(): Promise<void>;
  /** Refuses the requests that wait for a hash, and finishes those being hashed. */
  drain(): Promise<void>;
  /** What is done every ten minutes. */
  purges: ReturnType<typeof purgesOf>;
  close(): Promise<void>;
};

/** What listens on METRICS_PORT. */
function createOperatorApp(metrics: Metrics, health: Health): Express {
  return express()
    .set("env", "production")
    .disable("x-powered-by")
    .use(
      metricsRoute(metrics),
      healthRoutes(health, () => true),
    );
}

type EmailParts = {
  config: Config;
  db: Database["db"];
  outbox: Outbox;
  mail: MailChannel;
  views: ViewFolders;
  languages: Languages;
  log: Logger;
  metrics: Metrics;
};

function startEmails(
  { config, db, outbox, mail, views, languages, log, metrics }: EmailParts,
  settings?: WorkerSettings,
): Worker {
  const parts = {
    outbox,
    build: createBuildEmails(db, config),
    render: createRender({
      ...{ views, languages, site: config.publicUrl, from: mail.from },
      brand: { ...config.brand, accent: config.brand.colors.light.accent },
    }),
    transport: mail.transport,
    log,
    observe: metrics.email,
  };
  return startWorker(parts, settings);
}

function startHasher(config: Config, log: Logger, { hashSeconds, hashRefused }: Metrics): Promise<Hasher> {
  return createHasher({
    cost: config.bcryptCost,
    concurrency: config.hashConcurrency,
    maxWaitSeconds: config.hashMaxWaitSeconds,
    log,
    observe: { hashed: (seconds) => hashSeconds.observe(seconds), refused: hashRefused },
  });
}

/** The threads of the hashes start while the database does. */
async function startBoth(source: SourceSettings, config: Config, log: Logger, metrics: Metrics) {
  const starting = startHasher(config, log, metrics);
  const database = await connect(source, log).catch(async (error: unknown) => {
    await (await starting).close();
    throw error;
  });
  return { database, hasher: await starting };
}

async function openSessions(db: Database["db"], { terms }: Config, hasher: Hasher, log: Logger, metrics: Metrics) {
  const observe = { checked: metrics.sessionChecked, read: metrics.sessionRead };
  metrics.watchSessions(() => countLiveSessions(db));
  return {
    findSession: createFindSession({ db, log, terms, observe }),
    knownBrowsers: createKnownBrowsers(await sharedSecret(db, "known browsers")),
    rehash: createRehash({ db, hasher, log, observe: metrics.rehashed }),
  };
}

function watchDatabase({ db, onStatement }: Database, outbox: Outbox, events: Events, metrics: Metrics) {
  onStatement(metrics.stated);
  metrics.watchPool(() => poolUse(db));
  metrics.watchOutbox(outbox.waiting);
  metrics.watchEvents(() => measureWaitingEvents(db, events.consumers()));
}

/** Finds views and sentences. @throws StartError: a line for each file of the operator's that is wrong. */
function loadWords({ viewsDir, brand, languages }: Config) {
  const own = new URL("views/", ROOT);
  const problems = viewsDir ? findProblems(viewsDir, own) : [];
  if (problems.length > 0) throw new StartError(problems.map((problem) => `VIEWS_DIR: ${problem}`).join("\n"));
  const views: ViewFolders = viewsDir ? [viewsDir, own] : [own];
  const folders = views.map((folder) => new URL("locales/", folder)).toReversed();
  try {
    return { views, languages: loadLanguages(folders, brand.name, languages) };
  } catch (error) {
    if (!(error instanceof LanguageError)) throw error;
    throw new StartError(`${error.file === undefined ? "LANGUAGES" : "VIEWS_DIR"}: ${error.message}`);
  }
}

export type ComposeOptions = {
  /** Where its tables are, if not where the settings say. */
  source?: SourceSettings;
  /** For tests, which would wait for the worker most of their time. */
  worker?: WorkerSettings;
  /** For tests too, in which it would come at any moment. */
  firstPurgeMs?: number | undefined;
};

/** Builds the application from its settings. @throws StartError when the database cannot be used. */
export async function compose(
  config: Config,
  log: Logger,
  { source = config.database, worker: workerSettings, firstPurgeMs }: ComposeOptions = {},
): Promise<Foyer> {
  const words = loadWords(config);
  const metrics = createMetrics(version);
  const { database, hasher } = await startBoth(source, config, log, metrics);
  const { db } = database;
  const limiter = config.rateLimits ? createLimiter(db, config.rateLimits, metrics.limited) : UNLIMITED;
  const outbox = createOutbox(db, { budgets: config.rateLimits });
  const mail = openMailChannel(config.mail);
  const worker = mail && startEmails({ config, db, outbox, mail, ...words, log, metrics }, workerSettings);
  const emailQueued = () => {
    metrics.email("queued");
    if (mayWakeWorker(config)) worker?.notify();
  };
  const events = openEvents({ db, webhook: config.webhook, log, observe: metrics.event }, workerSettings);
  const { called } = metrics;
  const parts = {
    ...{ db, hasher, limiter, settings: config, emailQueued, events: events.recorder, log, called },
    ...(await openSessions(db, config, hasher, log, metrics)),
  };
  const procedures = createProcedures(parts);
  metrics.watchProcedures(Object.values(procedures));
  const { canWrite, isReady, withdraw } = createReadiness(database.isReady);
  const forwarding = warnUntrustedForwarding(log);
  const health = { isReady, warnings: forwarding.warnings };
  metrics.watchQueue(hasher.length);
  metrics.watchReadiness(canWrite);
  watchDatabase(database, outbox, events, metrics);
  const purges = purgesOf(db, config, events.recorder);
  const stopPurge = startPurge(log, purges, firstPurgeMs);
  const spendRequest = config.requestLimit && limitRequestsInMemory(config.requestLimit, metrics.limited);
  const app = createApp({
    root: ROOT,
    ...words,
    config,
    procedures,
    describeLink: createDescribeLink(db, log),
    describeReset: createDescribeReset(db, log),
    describeEmailChange: createDescribeEmailChange(db, log, parts.findSession),
    verifyAndSignIn: createVerifyAndSignIn(parts),
    formKey: await sharedSecret(db, "form"),
    log,
    metrics,
    health,
    forwarding,
    devEmails: mail?.shown,
    spendRequest,
  });
  return {
    app,
    operatorApp: createOperatorApp(metrics, health),
    procedures,
    accounts: createAccounts(parts, emailQueued),
    spendRequest,
    database,
    withdraw,
    on: events.on,
    async stopSending() {
      await Promise.all([worker?.stop(), events.stop()]);
    },
    drain: hasher.close,
    purges,
    async close() {
      await stopPurge();
      await database.close();
    },
  };
}
