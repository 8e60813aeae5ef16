import { isIP } from "node:net";
import { resolve } from "node:path";
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
const SSL_MODES = [null, "disable", "require", "verify-ca", "verify-full"];

const databaseUrl = z
  .url({ protocol: /^postgres(ql)?$/, abort: true, error: "expected a URL such as postgres://user:password@host:5432/name" })
  .refine(
    (url) => SSL_MODES.includes(new URL(url).searchParams.get("sslmode")),
    "expected its sslmode to be disable, require, verify-ca or verify-full",
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
    if (value === "true" || value === "false") return value === "true";
    return /^\d{1,2}$/.test(value) ? Number(value) : value.replaceAll(/\s/g, "");
  })
  .refine(
    (value) => typeof value !== "string" || value.split(",").every(isProxy),
    "expected true, false, a number of proxies, or addresses and subnets such as loopback,10.0.0.0/8",
  )
  .default(false);

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
    throw new StartError(parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("\n"));
  }
  const settings = parsed.data;
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
    trustProxy: settings.TRUST_PROXY,
    logLevel: settings.LOG_LEVEL,
  });
}

/** The settings of this process. */
export function loadConfig(): Config {
  return parseConfig(process.env);
}
