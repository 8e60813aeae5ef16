import { readFileSync } from "node:fs";
import express, { type Express } from "express";
import type { Logger } from "pino";
import type { Config, MailSettings } from "./config.ts";
import { connect, type Database } from "./db/connect.ts";
import { poolUse } from "./db/pool.ts";
import { sharedSecret } from "./db/secret.ts";
import { createHasher } from "./hashing/hasher.ts";
import { createLimiter } from "./limits/limiter.ts";
import { startCourier } from "./mail/courier.ts";
import { createMailbox, type Mailbox } from "./mail/mailbox.ts";
import type { Message } from "./mail/message.ts";
import { createOutbox } from "./mail/outbox.ts";
import { createRender } from "./mail/render.ts";
import { createSmtp } from "./mail/smtp.ts";
import type { Transport } from "./mail/transport.ts";
import { createMetrics, type Metrics, metricsRoute } from "./ops/metrics.ts";
import { ROOT, server } from "./server.ts";
import { correspondence } from "./service/correspondence.ts";
import { startExpiry } from "./service/expiry.ts";
import { registration } from "./service/registration.ts";
import { resend } from "./service/resend.ts";
import type { Service } from "./service/service.ts";
import type { ServiceSettings } from "./service/settings.ts";
import { verification } from "./service/verification.ts";

export type Foyer = {
  app: Express;
  /** What the metrics port serves, where one is set. */
  metricsApp: Express;
  service: Service;
  database: Database;
  /** Says at /readyz from now on that no more requests should be sent here. */
  withdraw(): void;
  /** Sends no more mail; what is being sent has a few seconds to be done. */
  stopMail(): Promise<void>;
  /** Refuses what still waits for its hash; what is being hashed is finished. */
  drain(): Promise<void>;
  close(): Promise<void>;
};

const { version }: { version: string } = JSON.parse(readFileSync(new URL("package.json", ROOT), "utf8"));

type Outcome = { ok: true } | { ok: false; error: { code: string } };

/** Counts what comes of each registration, verification and request for a new mail. */
function counted({ register, verifyEmail, resendVerification, ...others }: Service, metrics: Metrics): Service {
  const count = <T extends Outcome>(tell: (outcome: string) => void, result: T, success: string) => {
    tell(result.ok ? success : result.error.code);
    return result;
  };
  return {
    ...others,
    register: async (input, caller) => count(metrics.registered, await register(input, caller), "registered"),
    verifyEmail: async (input, caller) => count(metrics.verified, await verifyEmail(input, caller), "verified"),
    resendVerification: async (input, caller) => count(metrics.resent, await resendVerification(input, caller), "accepted"),
  };
}

/** How mails leave, where they do, and those that are shown instead. */
function openPost(mail: MailSettings): { transport: Transport; from: Message["from"]; mailbox?: Mailbox } | undefined {
  if (mail.kind === "none") return undefined;
  if (mail.kind === "smtp") return { transport: createSmtp(mail.url), from: mail.from };
  const mailbox = createMailbox();
  return { transport: mailbox.transport, from: mail.from, mailbox };
}

/**
 * Builds every part from the settings: what main starts, and tests too.
 * @throws StartError when the database cannot be used.
 */
export async function compose(config: Config, log: Logger): Promise<Foyer> {
  const database = await connect(config.database, log);
  const metrics = createMetrics(version);
  const hasher = await createHasher({
    cost: config.bcryptCost,
    concurrency: config.hashConcurrency,
    maxWaitSeconds: config.hashMaxWaitSeconds,
    log,
    observe: {
      hashed: (seconds) => metrics.hashSeconds.observe(seconds),
      refused: metrics.hashRefused,
    },
  });
  metrics.watchLine(hasher.length);
  metrics.watchReadiness(database.isReady);
  metrics.watchPool(() => poolUse(database.db));
  const { db } = database;
  const settings: ServiceSettings = config;
  const limiter = config.rateLimits && createLimiter(db, config.rateLimits, metrics.limitExceeded);
  const outbox = createOutbox(db);
  metrics.watchOutbox(outbox.waiting);
  const post = openPost(config.mail);
  const courier =
    post &&
    startCourier({
      outbox,
      write: correspondence(db, settings),
      render: createRender(new URL("views/", ROOT), config.publicUrl, post.from),
      transport: post.transport,
      log,
      observe: metrics.mail,
    });
  const mailQueued = () => {
    metrics.mail("queued");
    // What the courier has to do tells whether the address is registered: in discreet mode it does not follow the answer at once.
    if (config.privacy === "open") courier?.wake();
  };
  const service = counted(
    {
      register: registration({ db, hasher, limiter, settings, mailQueued, log }),
      resendVerification: resend({ db, limiter, mailQueued, log }),
      ...verification({ db, limiter, log }),
    },
    metrics,
  );
  const stopExpiry = startExpiry(db, config.unverifiedDays, log);
  let withdrawn = false;
  const isReady = async () => !withdrawn && (await database.isReady());
  const formKey = await sharedSecret(db, "form");
  return {
    app: server({ config, service, settings, formKey, log, metrics, isReady, mails: post?.mailbox?.mails }),
    metricsApp: express().disable("x-powered-by").use(metricsRoute(metrics)),
    service,
    database,
    withdraw() {
      withdrawn = true;
    },
    async stopMail() {
      await courier?.stop();
    },
    drain: hasher.close,
    async close() {
      stopExpiry();
      await database.close();
    },
  };
}
