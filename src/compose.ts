import express, { type Express } from "express";
import type { Logger } from "pino";
import type { Config } from "./config.ts";
import { connect, type Database } from "./db/connect.ts";
import { sharedSecret } from "./db/secret.ts";
import { createHasher } from "./hashing/hasher.ts";
import { createLimiter } from "./limits/limiter.ts";
import { createMetrics, type Metrics, metricsRoute } from "./ops/metrics.ts";
import { server } from "./server.ts";
import { registration } from "./service/registration.ts";
import type { Service } from "./service/service.ts";

export type Foyer = {
  app: Express;
  /** What the metrics port serves, where one is set. */
  metricsApp: Express;
  service: Service;
  database: Database;
  /** Refuses what still waits for its hash; what is being hashed is finished. */
  drain(): Promise<void>;
  close(): Promise<void>;
};

/** Counts what comes of each registration. */
function counted(register: Service["register"], { registrations }: Metrics): Service["register"] {
  return async (input, caller) => {
    const result = await register(input, caller);
    registrations.inc({ outcome: result.ok ? "registered" : result.error.code });
    return result;
  };
}

/**
 * Builds every part from the settings: what main starts, and tests too.
 * @throws StartError when the database cannot be used.
 */
export async function compose(config: Config, log: Logger): Promise<Foyer> {
  const database = await connect(config.database, log);
  const metrics = createMetrics();
  const hasher = await createHasher({
    cost: config.bcryptCost,
    concurrency: config.hashConcurrency,
    maxWaitSeconds: config.hashMaxWaitSeconds,
    log,
    observe: {
      hashed: (seconds) => metrics.hashSeconds.observe(seconds),
      refused: (reason) => metrics.hashRefusals.inc({ reason }),
    },
  });
  metrics.watchLine(hasher.length);
  const { db } = database;
  const settings = { passwordMinLength: config.passwordMinLength, policy: config.policy };
  const limiter = config.rateLimits && createLimiter(db, config.rateLimits);
  const register = registration({ db, hasher, limiter, settings, log });
  const service: Service = { register: counted(register, metrics) };
  const formKey = await sharedSecret(db, "form");
  return {
    app: server({ config, service, settings, formKey, log, metrics, isReady: database.isReady }),
    metricsApp: express().disable("x-powered-by").use(metricsRoute(metrics)),
    service,
    database,
    drain: hasher.close,
    close: database.close,
  };
}
