import { constants } from "node:os";
import { setTimeout } from "node:timers/promises";
import { compose } from "./compose.ts";
import { loadConfig } from "./config/environment.ts";
import { reportStartError } from "./config/start-error.ts";
import { listen } from "./http/listen.ts";
import { createLog } from "./ops/log.ts";

// Requests may take until 8 s after the signal, and at least 4.5 s after the grace, which is longer than any hash.
// With the default of SHUTDOWN_GRACE_SECONDS the process ends within the 10 s after which `docker stop` kills it.
const FINISH_MS = { fromSignal: 8000, fromClose: 4500 };
/** Waiting requests get no hash any more when less than this is left: the last hash needs the time. */
const LAST_HASH_MS = 2500;
/** npm sends a signal twice, as does anything that signals a whole process group. */
const SAME_SIGNAL_MS = 500;

async function start() {
  const config = loadConfig();
  const log = createLog(config.logLevel);
  const foyer = await compose(config, log);
  const { host, metricsPort, keepAliveSeconds } = config;
  const metrics =
    metricsPort === undefined
      ? undefined
      : await listen(foyer.operatorApp, { host, port: metricsPort, setting: "METRICS_PORT" }, keepAliveSeconds);
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
    const closed = Promise.all([...listeners.map(({ stop }) => stop(finishMs)), foyer.stopSending()]);
    // Whoever waits for a hash still gets it, while there is time. SIGINT is for someone at a keyboard.
    if (signal === "SIGTERM") await Promise.race([closed, setTimeout(finishMs - LAST_HASH_MS)]);
    await Promise.all([closed, foyer.drain()]);
    await foyer.close();
    log.info("stopped");
    process.exit(0);
  };
  onSignal(stop);

  const site = config.publicUrl.href.replace(/\/$/, "");
  if ("dataDir" in config.database) {
    log.warn(
      "The embedded database serves trying out and small sites; set DATABASE_URL to use a PostgreSQL of your own.",
    );
  }
  if (config.mail.kind === "none") {
    log.warn("SMTP_URL is not set: emails wait in the database until it is, and nobody can verify an address.");
  }
  if (config.mail.kind === "smtp" && config.publicUrl.hostname === "localhost") {
    log.warn(`PUBLIC_URL is not set: links in emails lead to ${site}, where only this machine finds them.`);
  }
  const { light, dark, isDarkDerived } = config.brand.colors;
  if (isDarkDerived && dark.accent !== light.accent) {
    log.info(`BRAND_COLOR: dark pages have ${dark.accent}, the nearest to ${light.accent} that can be read there`);
  }
  const { port } = listening;
  const url = config.port === port ? site : `http://${config.host}:${port}`;
  const { description } = foyer.database;
  log.info({ url, port, database: description }, `Foyer is open at ${url} and keeps its accounts in ${description}`);
  if (config.mail.kind === "mailbox")
    log.info(`No email is sent without SMTP_URL: read it at http://localhost:${port}/mailbox`);
}

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
