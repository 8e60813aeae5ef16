import { isIP } from "node:net";
import { resolve } from "node:path";
import { toASCII } from "tr46";
import { z } from "zod";
import { availableCores } from "./cores.ts";
import { StartError } from "./start-error.ts";

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

/** Where the accounts live: PostgreSQL at a URL, or the embedded database in a folder (an absolute path). */
export type DatabaseSettings = { url: string; poolMax: number } | { dataDir: string };

export type Config = Readonly<{
  host: string;
  port: number;
  publicUrl: URL;
  database: DatabaseSettings;
  bcryptCost: number;
  hashConcurrency: number;
  hashMaxWaitSeconds: number;
  /** Where /metrics is served alone; undefined where it is one of the public paths. */
  metricsPort: number | undefined;
  passwordMinLength: number;
  policy: { open: boolean; domains: readonly string[]; refuseDisposable: boolean };
  /** Undefined where attempts are not limited. */
  rateLimits: Record<"perAddress" | "perEmail" | "total", { count: number; seconds: number }> | undefined;
  robotTrap: { honeypot: boolean; minFillMs: number };
  /** Other origins whose pages may use the doors for programs. */
  corsOrigins: readonly string[];
  trustProxy: boolean | number | string;
  logLevel: (typeof LOG_LEVELS)[number];
}>;

function numberFrom(min: number, max: number) {
  const expected = `expected a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, expected)
    .transform(Number)
    .refine((n) => n >= min && n <= max, expected);
}

function wholeNumber(min: number, max: number, byDefault: number) {
  return numberFrom(min, max).default(byDefault);
}

const httpOrigin = z
  .url({ protocol: /^https?$/, error: "expected the address people open, such as https://accounts.example.com" })
  .transform((url) => new URL(url))
  .refine((url) => url.href === `${url.origin}/`, "expected scheme, host and port only, without a path");

/** libpq's `allow` and `prefer` would go on without TLS where a server, or whoever stands before it, says that it has none. */
const SSL_MODES = ["disable", "require", "verify-ca", "verify-full"];

const databaseUrl = z
  .url({ protocol: /^postgres(ql)?$/, abort: true, error: "expected a URL such as postgres://user:password@host:5432/name" })
  .refine((url) => {
    const { pathname, hash } = new URL(url);
    return /^\/[^/@]+$/.test(pathname) && hash === "";
  }, "expected the name of a database at its end, and @ / # ? in a password written as %40 %2F %23 %3F")
  .refine((url) => {
    const { searchParams } = new URL(url);
    const modes = searchParams.getAll("sslmode");
    return modes.length <= 1 && modes.every((mode) => SSL_MODES.includes(mode)) && !searchParams.has("ssl");
  }, "expected one sslmode, of disable, require, verify-ca and verify-full, and no ssl beside it")
  .refine(
    (url) => new URL(url).searchParams.get("sslmode") !== "verify-ca" || new URL(url).searchParams.has("sslrootcert"),
    "expected an sslrootcert, the file of the authority's certificate, with sslmode=verify-ca",
  );

function isProxy(entry: string) {
  if (["loopback", "linklocal", "uniquelocal"].includes(entry)) return true;
  const [address = "", prefix, ...rest] = entry.split("/");
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return bits >= 0 && rest.length === 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits));
}

/** The values of Express's `trust proxy`: a switch, a number of hops, or a list of addresses and subnets. */
const trustProxy = z
  .string()
  .transform((value) => {
    if (["true", "false", "0"].includes(value)) return value === "true";
    return /^\d{1,2}$/.test(value) ? Number(value) : value.replaceAll(/\s/g, "");
  })
  .refine(
    (value) => typeof value !== "string" || value.split(",").every(isProxy),
    "expected true, false, a number of proxies, or addresses and subnets such as loopback,10.0.0.0/8",
  )
  .default(false);

const SECONDS = new Map([
  ["s", 1],
  ["m", 60],
  ["h", 3600],
  ["d", 86_400],
]);
/** Timers of Node end at 2^31 milliseconds, 24 days. */
const LONGEST_WINDOW_SECONDS = 20 * 86_400;
const RATE = /^([1-9]\d{0,6})\/([1-9]\d{0,3})([smhd])$/;

/** So many in a time, as in `100/10m`. */
function rate(byDefault: string) {
  return z
    .string()
    .regex(RATE, "expected a number of attempts and a time, such as 100/10m (s, m, h or d)")
    .default(byDefault)
    .transform((text) => {
      const [, count, time, unit = ""] = RATE.exec(text) ?? [];
      return { count: Number(count), seconds: Number(time) * (SECONDS.get(unit) ?? 1) };
    })
    .refine(({ seconds }) => seconds <= LONGEST_WINDOW_SECONDS, "expected a time of at most 20 days");
}

const onOff = z.enum(["on", "off"], "expected on or off");

/** A list with commas between. One that names nothing is refused, for unset would mean all. */
function listOf<T>(entry: z.ZodType<T, string>) {
  return z
    .string()
    .transform((text) => text.split(",").map((part) => part.trim()))
    .pipe(z.array(entry))
    .default([]);
}

/** A domain in A-label form; one that begins with a dot stands for its sub-domains too. */
const allowedDomain = z.string().transform((text, context) => {
  const [, dot = "", name = ""] = /^(\.?)(.+)$/.exec(text) ?? [];
  const ascii = toASCII(name, { useSTD3ASCIIRules: true, verifyDNSLength: true });
  if (ascii?.includes(".")) return dot + ascii;
  context.addIssue("expected domains such as example.com or, with its sub-domains, .example.com, with commas between");
  return z.NEVER;
});

const environment = z.object({
  HOST: z.string().default("127.0.0.1"),
  PORT: wholeNumber(0, 65_535, 3000),
  PUBLIC_URL: httpOrigin.optional(),
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_POOL_MAX: wholeNumber(1, 1000, 10),
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
  RATE_LIMITS: onOff.default("on"),
  RATE_LIMIT_PER_ADDRESS: rate("100/10m"),
  RATE_LIMIT_PER_EMAIL: rate("60/10m"),
  RATE_LIMIT_TOTAL: rate("600/1m"),
  FORM_HONEYPOT: onOff.default("on"),
  FORM_MIN_FILL_MS: wholeNumber(0, 10_000, 150),
  CORS_ORIGINS: listOf(httpOrigin.transform((url) => url.origin)),
  TRUST_PROXY: trustProxy,
  LOG_LEVEL: z.enum(LOG_LEVELS, `expected one of ${LOG_LEVELS.join(", ")}`).default("info"),
});

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
  return Object.freeze({
    host: settings.HOST,
    port: settings.PORT,
    publicUrl: settings.PUBLIC_URL ?? new URL(`http://localhost:${settings.PORT}`),
    database: settings.DATABASE_URL
      ? { url: settings.DATABASE_URL, poolMax: settings.DATABASE_POOL_MAX }
      : { dataDir: resolve(settings.DATA_DIR) },
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
    rateLimits:
      settings.RATE_LIMITS === "on"
        ? { perAddress: settings.RATE_LIMIT_PER_ADDRESS, perEmail: settings.RATE_LIMIT_PER_EMAIL, total: settings.RATE_LIMIT_TOTAL }
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
