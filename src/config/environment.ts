import { resolve } from "node:path";
import { z } from "zod";
import { brandColor, linkedPage, siteLogo, siteName, supportEmail, termsVersion, viewsDir } from "./brand-values.ts";
import { availableCores } from "./cores.ts";
import { sender, smtpUrl } from "./mail-values.ts";
import { StartError } from "./start-error.ts";
import {
  allowedDomain,
  appUrl,
  commaSeparated,
  corsOrigin,
  databaseUrl,
  httpUrl,
  languageTag,
  numberFrom,
  onOff,
  rate,
  schemaName,
  trustProxy,
  wholeNumber,
} from "./values.ts";
import { webhookSecret, webhookUrl } from "./webhook-values.ts";

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

/** All settings with their defaults. README's table has a row for each. */
export const environment = z.object({
  HOST: z.string().default("127.0.0.1"),
  PORT: wholeNumber(0, 65_535, 3000),
  // Longer than proxies keep an idle connection (nginx, AWS: 60 seconds), or they would use one that Foyer is closing.
  KEEP_ALIVE_SECONDS: wholeNumber(1, 7200, 75),
  // With the 4.5 seconds for running requests, it must stay within the ten that `docker stop` waits.
  SHUTDOWN_GRACE_SECONDS: wholeNumber(0, 900, 5),
  PUBLIC_URL: httpUrl.optional(),
  SITE_NAME: siteName.default("Foyer"),
  SITE_LOGO: siteLogo.optional(),
  BRAND_COLOR: brandColor.prefault("#3a4ed5,#8f9dff"),
  SUPPORT_EMAIL: supportEmail.optional(),
  TERMS_URL: linkedPage.optional(),
  TERMS_VERSION: termsVersion.optional(),
  PRIVACY_URL: linkedPage.optional(),
  VIEWS_DIR: viewsDir.optional(),
  APP_URL: appUrl.optional(),
  RETURN_ORIGINS: commaSeparated(corsOrigin),
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_POOL_MAX: wholeNumber(1, 1000, 10),
  DATABASE_SCHEMA: schemaName.default("public"),
  DATA_DIR: z.string().default("./data"),
  // OWASP asks for at least 10. At 16, one hash takes about four seconds.
  BCRYPT_COST: wholeNumber(10, 16, 12),
  HASH_CONCURRENCY: wholeNumber(1, 256, availableCores()),
  HASH_MAX_WAIT_SECONDS: wholeNumber(1, 60, 5),
  METRICS_PORT: numberFrom(0, 65_535).optional(),
  PASSWORD_MIN_LENGTH: wholeNumber(8, 64, 8),
  REGISTRATION: z.enum(["open", "closed"], "expected open or closed").default("open"),
  REGISTRATION_DOMAINS: commaSeparated(allowedDomain),
  REGISTRATION_DISPOSABLE: z.enum(["allowed", "refused"], "expected allowed or refused").default("allowed"),
  REGISTRATION_PRIVACY: z.enum(["open", "discreet"], "expected open or discreet").default("open"),
  VERIFICATION_HOURS: wholeNumber(1, 720, 24),
  UNVERIFIED_DAYS: wholeNumber(1, 365, 7),
  SESSION_HOURS: wholeNumber(1, 8760, 24),
  SESSION_IDLE_HOURS: wholeNumber(1, 8760, 12),
  SESSION_KEPT_DAYS: wholeNumber(1, 400, 30),
  SESSION_KEPT_IDLE_DAYS: wholeNumber(1, 400, 14),
  BEARER_DAYS: wholeNumber(1, 3650, 90),
  BEARER_IDLE_DAYS: wholeNumber(1, 3650, 30),
  RESET_MINUTES: wholeNumber(5, 1440, 30),
  REAUTHENTICATION_MINUTES: wholeNumber(1, 1440, 10),
  DELETION_GRACE_DAYS: wholeNumber(0, 365, 7),
  NOTICE_NEW_SIGN_IN: onOff.default("off"),
  LANGUAGES: commaSeparated(languageTag),
  SMTP_URL: smtpUrl.optional(),
  MAIL_FROM: sender.optional(),
  WEBHOOK_URL: webhookUrl.optional(),
  WEBHOOK_SECRET: commaSeparated(webhookSecret),
  WEBHOOK_PRIVATE: onOff.default("off"),
  NODE_ENV: z.string().optional(),
  RATE_LIMITS: onOff.default("on"),
  RATE_LIMIT_REQUESTS: rate("1200/1m"),
  RATE_LIMIT_PER_IP: rate("100/10m"),
  RATE_LIMIT_PER_EMAIL: rate("60/10m"),
  RATE_LIMIT_PER_MAILBOX: rate("5/1h"),
  RATE_LIMIT_PER_DOMAIN: rate("60/10m"),
  RATE_LIMIT_TOTAL: rate("600/1m"),
  RATE_LIMIT_SIGN_IN: rate("50/10m"),
  FORM_HONEYPOT: onOff.default("on"),
  FORM_MIN_FILL_MS: wholeNumber(0, 10_000, 150),
  CORS_ORIGINS: commaSeparated(corsOrigin),
  TRUST_PROXY: trustProxy,
  LOG_LEVEL: z.enum(LOG_LEVELS, `expected one of ${LOG_LEVELS.join(", ")}`).default("info"),
});

type Settings = z.output<typeof environment>;

function checkCombinations(settings: Settings, { issues, addIssue }: z.RefinementCtx<Settings>) {
  if (issues.length > 0) return;
  const refuse = (name: keyof Settings, message: string) => addIssue({ code: "custom", path: [name], message });
  if (settings.METRICS_PORT && settings.METRICS_PORT === settings.PORT)
    refuse("METRICS_PORT", "expected another port than PORT");
  if (settings.VERIFICATION_HOURS > 24 * settings.UNVERIFIED_DAYS) {
    refuse("VERIFICATION_HOURS", "expected no more than UNVERIFIED_DAYS, after which there is nothing left to verify");
  }
  if (settings.TERMS_VERSION && !settings.TERMS_URL) {
    refuse("TERMS_URL", "expected the address of the terms that TERMS_VERSION is of");
  }
  if (settings.SMTP_URL && !settings.MAIL_FROM) {
    refuse("MAIL_FROM", "expected the address that emails come from, such as accounts@example.com, beside SMTP_URL");
  }
  if (settings.WEBHOOK_URL && settings.WEBHOOK_SECRET.length === 0)
    refuse("WEBHOOK_SECRET", "expected the secret that events are signed with, beside WEBHOOK_URL");
  if (settings.WEBHOOK_URL?.protocol === "http:" && settings.WEBHOOK_PRIVATE === "off")
    refuse("WEBHOOK_URL", "expected https://, or WEBHOOK_PRIVATE=on for a receiver in a network of your own");
}

export type DatabaseSettings = ({ url: string; poolMax: number } | { dataDir: string }) & {
  schema?: string;
};

function databaseSettings(settings: Settings): DatabaseSettings {
  const { DATABASE_URL: url, DATABASE_POOL_MAX: poolMax, DATA_DIR, DATABASE_SCHEMA: schema } = settings;
  return url ? { url, poolMax, schema } : { dataDir: resolve(DATA_DIR), schema };
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** The mailbox page gives away the accounts, so it requires a PUBLIC_URL on this machine. */
function mailSettings({ SMTP_URL: url, MAIL_FROM: from, NODE_ENV, SITE_NAME }: Settings, publicUrl: URL) {
  if (url && from) return { kind: "smtp", url, from } as const;
  const isDevelopment = NODE_ENV !== "production" && LOOPBACK.test(publicUrl.hostname);
  if (!isDevelopment) return { kind: "none" } as const;
  return { kind: "mailbox", from: from ?? { name: SITE_NAME, address: "foyer@localhost" } } as const;
}

function webhookSettings({ WEBHOOK_URL: url, WEBHOOK_SECRET: secrets, WEBHOOK_PRIVATE }: Settings) {
  return url && { url, secrets, allowsPrivate: WEBHOOK_PRIVATE === "on" };
}

function rateLimits(settings: Settings) {
  if (settings.RATE_LIMITS === "off") return undefined;
  return {
    perIp: settings.RATE_LIMIT_PER_IP,
    perEmail: settings.RATE_LIMIT_PER_EMAIL,
    perMailbox: settings.RATE_LIMIT_PER_MAILBOX,
    perDomain: settings.RATE_LIMIT_PER_DOMAIN,
    total: settings.RATE_LIMIT_TOTAL,
    signIn: settings.RATE_LIMIT_SIGN_IN,
  };
}

const HOUR = 3600;
const DAY = 24 * HOUR;

function sessionLifetimes(settings: Settings) {
  return {
    browser: { seconds: settings.SESSION_HOURS * HOUR, idleSeconds: settings.SESSION_IDLE_HOURS * HOUR },
    kept: { seconds: settings.SESSION_KEPT_DAYS * DAY, idleSeconds: settings.SESSION_KEPT_IDLE_DAYS * DAY },
    bearer: { seconds: settings.BEARER_DAYS * DAY, idleSeconds: settings.BEARER_IDLE_DAYS * DAY },
  };
}

function brandOf(settings: Settings) {
  return {
    name: settings.SITE_NAME,
    logo: settings.SITE_LOGO,
    colors: settings.BRAND_COLOR,
    supportEmail: settings.SUPPORT_EMAIL,
    termsUrl: settings.TERMS_URL,
    privacyUrl: settings.PRIVACY_URL,
  };
}

function termsOf({ TERMS_URL: url, TERMS_VERSION: version }: Settings) {
  return url && version ? { url, version } : undefined;
}

function toConfig(settings: Settings) {
  const publicUrl = settings.PUBLIC_URL ?? new URL(`http://localhost:${settings.PORT}`);
  return {
    host: settings.HOST,
    port: settings.PORT,
    keepAliveSeconds: settings.KEEP_ALIVE_SECONDS,
    shutdownGraceSeconds: settings.SHUTDOWN_GRACE_SECONDS,
    publicUrl,
    brand: brandOf(settings),
    terms: termsOf(settings),
    viewsDir: settings.VIEWS_DIR,
    appUrl: settings.APP_URL,
    returnOrigins: [...(settings.APP_URL ? [settings.APP_URL.origin] : []), ...settings.RETURN_ORIGINS],
    database: databaseSettings(settings),
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
    sessions: sessionLifetimes(settings),
    resetMinutes: settings.RESET_MINUTES,
    reauthenticationMinutes: settings.REAUTHENTICATION_MINUTES,
    deletionGraceDays: settings.DELETION_GRACE_DAYS,
    noticeNewSignIn: settings.NOTICE_NEW_SIGN_IN === "on",
    languages: settings.LANGUAGES,
    mail: mailSettings(settings, publicUrl),
    webhook: webhookSettings(settings),
    requestLimit: settings.RATE_LIMITS === "off" ? undefined : settings.RATE_LIMIT_REQUESTS,
    rateLimits: rateLimits(settings),
    botDetection: { honeypot: settings.FORM_HONEYPOT === "on", minFillMs: settings.FORM_MIN_FILL_MS },
    corsOrigins: settings.CORS_ORIGINS,
    trustProxy: settings.TRUST_PROXY,
    logLevel: settings.LOG_LEVEL,
  };
}

const configuration = environment.superRefine(checkCombinations).transform(toConfig);

export type Config = Readonly<z.output<typeof configuration>>;
export type MailSettings = Config["mail"];
export type WebhookSettings = NonNullable<Config["webhook"]>;

/** Empty variables count as unset. @throws StartError: a line for each wrong one, without its value (a password?). */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
  const parsed = configuration.safeParse(given);
  if (parsed.success) return Object.freeze(parsed.data);
  const reasons = new Map(parsed.error.issues.map(({ path: [name], message }) => [String(name), message]));
  throw new StartError([...reasons].map(([name, message]) => `${name}: ${message}`).join("\n"));
}

export function loadConfig(): Config {
  return parseConfig(process.env);
}
