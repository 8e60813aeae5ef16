import { compose } from "./compose.ts";
import { loadConfig } from "./config.ts";
import { listen } from "./listen.ts";
import { createLog } from "./ops/log.ts";
import { reportStartError } from "./start-error.ts";

async function start() {
  const config = loadConfig();
  const log = createLog(config.logLevel);
  const foyer = await compose(config, log);
  const { host, metricsPort } = config;
  const metrics =
    metricsPort === undefined ? undefined : await listen(foyer.metricsApp, { host, port: metricsPort, setting: "METRICS_PORT" });
  const listening = await listen(foyer.app, { host, port: config.port, setting: "PORT" });
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

  const stop = async (signal: NodeJS.Signals) => {
    log.info({ signal }, "stopping: running requests may finish");
    await Promise.all([listening.stop(), metrics?.stop(), foyer.drain()]);
    await foyer.close();
    log.info("stopped");
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

try {
  await start();
} catch (error) {
  reportStartError(error);
  process.exit(1);
}
