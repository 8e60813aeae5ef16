import { resolve } from "node:path";
import { z } from "zod";
import { availableCores } from "./cores.ts";
import {
  allowedDomain,
  corsOrigin,
  databaseUrl,
  httpOrigin,
  listOf,
  numberFrom,
  onOff,
  rate,
  type Sender,
  schemaName,
  sender,
  smtpUrl,
  trustProxy,
  wholeNumber,
} from "./setting-values.ts";
import { StartError } from "./start-error.ts";

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

/** Where the accounts live: PostgreSQL at a URL, or the embedded database in a folder (an absolute path). */
export type DatabaseSettings = ({ url: string; poolMax: number } | { dataDir: string }) & {
  /** Where its tables are; `public` by default. */
  schema?: string;
};

/** How mails leave: by a mail server, shown on a page while developing, or not until a mail server is named. */
export type MailSettings = { kind: "smtp"; url: string; from: Sender } | { kind: "mailbox"; from: Sender } | { kind: "none" };

export type Config = Readonly<{
  host: string;
  port: number;
  /** For how long a connection may be idle. */
  keepAliveSeconds: number;
  /** For how long requests are still taken after SIGTERM. */
  shutdownGraceSeconds: number;
  publicUrl: URL;
  database: DatabaseSettings;
  bcryptCost: number;
  hashConcurrency: number;
  hashMaxWaitSeconds: number;
  /** Where /metrics is served alone; undefined where it is one of the public paths. */
  metricsPort: number | undefined;
  passwordMinLength: number;
  policy: { open: boolean; domains: readonly string[]; refuseDisposable: boolean };
  /** Whether an answer may tell that an address is registered. */
  privacy: "open" | "discreet";
  verificationHours: number;
  unverifiedDays: number;
  mail: MailSettings;
  /** Undefined where attempts are not limited. */
  rateLimits: Record<"perAddress" | "perEmail" | "perMailbox" | "total", { count: number; seconds: number }> | undefined;
  robotTrap: { honeypot: boolean; minFillMs: number };
  /** Other origins whose pages may use the doors for programs. */
  corsOrigins: readonly string[];
  trustProxy: boolean | number | string;
  logLevel: (typeof LOG_LEVELS)[number];
}>;

const environment = z.object({
  HOST: z.string().default("127.0.0.1"),
  PORT: wholeNumber(0, 65_535, 3000),
  // A hop in front closes idle connections after 60 seconds (nginx, AWS): whoever closes first loses no request.
  KEEP_ALIVE_SECONDS: wholeNumber(1, 7200, 75),
  // What was sent here meanwhile is served. A bare `docker stop` kills after ten seconds, of which finishing may take 4.5.
  SHUTDOWN_GRACE_SECONDS: wholeNumber(0, 900, 5),
  PUBLIC_URL: httpOrigin.optional(),
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_POOL_MAX: wholeNumber(1, 1000, 10),
  DATABASE_SCHEMA: schemaName.default("public"),
  DATA_DIR: z.string().default("data"),
  // Below 10 OWASP calls bcrypt too cheap; at 16 one hash takes about four seconds.
  BCRYPT_COST: wholeNumber(10, 16, 12),
  HASH_CONCURRENCY: wholeNumber(1, 256, availableCores()),
  HASH_MAX_WAIT_SECONDS: wholeNumber(1, 60, 5),
  METRICS_PORT: numberFrom(0, 65_535).optional(),
  PASSWORD_MIN_LENGTH: wholeNumber(8, 64, 8),
  REGISTRATION: z.enum(["open", "closed"], "expected open or closed").default("open"),
  REGISTRATION_DOMAINS: listOf(allowedDomain),
  REGISTRATION_DISPOSABLE: z.enum(["allowed", "refused"], "expected allowed or refused").default("allowed"),
  REGISTRATION_PRIVACY: z.enum(["open", "discreet"], "expected open or discreet").default("open"),
  VERIFICATION_HOURS: wholeNumber(1, 720, 24),
  UNVERIFIED_DAYS: wholeNumber(1, 365, 7),
  SMTP_URL: smtpUrl.optional(),
  MAIL_FROM: sender.optional(),
  NODE_ENV: z.string().optional(),
  RATE_LIMITS: onOff.default("on"),
  RATE_LIMIT_PER_ADDRESS: rate("100/10m"),
  RATE_LIMIT_PER_EMAIL: rate("60/10m"),
  RATE_LIMIT_PER_MAILBOX: rate("5/1h"),
  RATE_LIMIT_TOTAL: rate("600/1m"),
  FORM_HONEYPOT: onOff.default("on"),
  FORM_MIN_FILL_MS: wholeNumber(0, 10_000, 150),
  CORS_ORIGINS: listOf(corsOrigin),
  TRUST_PROXY: trustProxy,
  LOG_LEVEL: z.enum(LOG_LEVELS, `expected one of ${LOG_LEVELS.join(", ")}`).default("info"),
});

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Whoever reads the mails has the accounts: they are shown only where the pages are this machine's own. */
function mailSettings({ SMTP_URL, MAIL_FROM, NODE_ENV }: z.infer<typeof environment>, publicUrl: URL): MailSettings {
  if (SMTP_URL && MAIL_FROM) return { kind: "smtp", url: SMTP_URL, from: MAIL_FROM };
  if (SMTP_URL) throw new StartError("MAIL_FROM: expected the address that mails come from, such as accounts@example.com, beside SMTP_URL");
  const isDeveloping = NODE_ENV !== "production" && LOOPBACK.test(publicUrl.hostname);
  return isDeveloping ? { kind: "mailbox", from: MAIL_FROM ?? { name: "Foyer", address: "foyer@localhost" } } : { kind: "none" };
}

/**
 * Reads the settings from environment variables. A variable that is set to nothing counts as unset.
 * @throws StartError with one line for each wrong setting, saying what was expected (never the value: it may hold a password).
 */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    const reasons = new Map(parsed.error.issues.map(({ path: [name], message }) => [String(name), message]));
    throw new StartError([...reasons].map(([name, message]) => `${name}: ${message}`).join("\n"));
  }
  const settings = parsed.data;
  if (settings.METRICS_PORT && settings.METRICS_PORT === settings.PORT) {
    throw new StartError("METRICS_PORT: expected another port than PORT");
  }
  if (settings.VERIFICATION_HOURS > 24 * settings.UNVERIFIED_DAYS) {
    throw new StartError("VERIFICATION_HOURS: expected no more than UNVERIFIED_DAYS, after which there is nothing left to verify");
  }
  const publicUrl = settings.PUBLIC_URL ?? new URL(`http://localhost:${settings.PORT}`);
  return Object.freeze({
    host: settings.HOST,
    port: settings.PORT,
    keepAliveSeconds: settings.KEEP_ALIVE_SECONDS,
    shutdownGraceSeconds: settings.SHUTDOWN_GRACE_SECONDS,
    publicUrl,
    database: {
      ...(settings.DATABASE_URL
        ? { url: settings.DATABASE_URL, poolMax: settings.DATABASE_POOL_MAX }
        : { dataDir: resolve(settings.DATA_DIR) }),
      schema: settings.DATABASE_SCHEMA,
    },
    bcryptCost: settings.BCRYPT_COST,
    hashConcurrency: settings.HASH_CONCURRENCY,
    hashMaxWaitSeconds: settings.HASH_MAX_WAIT_SECONDS,
    metricsPort: settings.METRICS_PORT,
    passwordMinLength: settings.PASSWORD_MIN_LENGTH,
    policy: {
      open: settings.REGISTRATION === "open",
      domains: settings.REGISTRATION_DOMAINS,
      refuseDisposable: settings.REGISTRATION_DISPOSABLE === "refused",
    },
    privacy: settings.REGISTRATION_PRIVACY,
    verificationHours: settings.VERIFICATION_HOURS,
    unverifiedDays: settings.UNVERIFIED_DAYS,
    mail: mailSettings(settings, publicUrl),
    rateLimits:
      settings.RATE_LIMITS === "on"
        ? {
            perAddress: settings.RATE_LIMIT_PER_ADDRESS,
            perEmail: settings.RATE_LIMIT_PER_EMAIL,
            perMailbox: settings.RATE_LIMIT_PER_MAILBOX,
            total: settings.RATE_LIMIT_TOTAL,
          }
        : undefined,
    robotTrap: { honeypot: settings.FORM_HONEYPOT === "on", minFillMs: settings.FORM_MIN_FILL_MS },
    corsOrigins: settings.CORS_ORIGINS,
    trustProxy: settings.TRUST_PROXY,
    logLevel: settings.LOG_LEVEL,
  });
}

/** The settings of this process. */
export function loadConfig(): Config {
  return parseConfig(process.env);
}
