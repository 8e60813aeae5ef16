import { constants } from "node:os";
import { setTimeout } from "node:timers/promises";
import { compose } from "./compose.ts";
import { loadConfig } from "./config.ts";
import { listen } from "./listen.ts";
import { createLog } from "./ops/log.ts";
import { reportStartError } from "./start-error.ts";

/**
 * For how long running requests may go on, from the signal and at least from the end of the grace: longer than any hash
 * takes. With the default of SHUTDOWN_GRACE_SECONDS all ends within the 10 seconds after which `docker stop` kills.
 */
const FINISH_MS = { fromSignal: 8000, fromClose: 4500 };
/** So long before that, nobody who waits is given a hash any more: there must be time for the last one. */
const LAST_HASH_MS = 2500;
/** npm, and whoever signals a whole process group, send one signal twice. */
const SAME_SIGNAL_MS = 500;

async function start() {
  const config = loadConfig();
  const log = createLog(config.logLevel);
  const foyer = await compose(config, log);
  const { host, metricsPort, keepAliveSeconds } = config;
  const metrics =
    metricsPort === undefined
      ? undefined
      : await listen(foyer.metricsApp, { host, port: metricsPort, setting: "METRICS_PORT" }, keepAliveSeconds);
  const listening = await listen(foyer.app, { host, port: config.port, setting: "PORT" }, keepAliveSeconds);
  const listeners = metrics ? [listening, metrics] : [listening];

  const stop = async (signal: NodeJS.Signals) => {
    const graceSeconds = signal === "SIGTERM" ? config.shutdownGraceSeconds : 0;
    log.info({ signal, graceSeconds }, "stopping: running requests may finish");
    foyer.withdraw();
    for (const { drain } of listeners) drain();
    const graceMs = graceSeconds * 1000;
    await setTimeout(graceMs);
    const finishMs = Math.max(FINISH_MS.fromClose, FINISH_MS.fromSignal - graceMs);
    const closed = Promise.all([...listeners.map(({ stop }) => stop(finishMs)), foyer.stopMail()]);
    // Who came within the grace and waits for a hash gets it, as far as the time goes.
    if (graceMs > 0) await Promise.race([closed, setTimeout(finishMs - LAST_HASH_MS)]);
    await Promise.all([closed, foyer.drain()]);
    await foyer.close();
    log.info("stopped");
    process.exit(0);
  };
  onSignal(stop);

  if ("dataDir" in config.database) {
    log.warn("The embedded database serves trying out and small sites; set DATABASE_URL to use a PostgreSQL of your own.");
  }
  if (config.mail.kind === "none") {
    log.warn("SMTP_URL is not set: mails wait in the database until it is, and nobody can confirm an address.");
  }
  if (config.mail.kind === "smtp" && config.publicUrl.hostname === "localhost") {
    log.warn(`PUBLIC_URL is not set: links in mails lead to ${config.publicUrl.origin}, where only this machine finds them.`);
  }
  const { port } = listening;
  const url = config.port === port ? config.publicUrl.origin : `http://${config.host}:${port}`;
  const { description } = foyer.database;
  log.info({ url, port, database: description }, `Foyer is open at ${url} and keeps its accounts in ${description}`);
  if (config.mail.kind === "mailbox") log.info(`No mail is sent without SMTP_URL: read it at ${url}/mailbox`);
}

/** Calls back at the first signal to end. A second one ends the process at once. */
function onSignal(stop: (signal: NodeJS.Signals) => Promise<void>) {
  let firstAt: number | undefined;
  const receive = (signal: NodeJS.Signals) => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      void stop(signal);
    } else if (performance.now() - firstAt > SAME_SIGNAL_MS) {
      process.exit(128 + constants.signals[signal]);
    }
  };
  process.on("SIGTERM", receive);
  process.on("SIGINT", receive);
}

try {
  await start();
} catch (error) {
  reportStartError(error);
  process.exit(1);
}
