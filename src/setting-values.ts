import { isIP } from "node:net";
import { toASCII } from "tr46";
import { z } from "zod";

export function numberFrom(min: number, max: number) {
  const expected = `expected a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, expected)
    .transform(Number)
    .refine((n) => n >= min && n <= max, expected);
}

export function wholeNumber(min: number, max: number, byDefault: number) {
  return numberFrom(min, max).default(byDefault);
}

/** An address that people open: scheme, host and port. */
export const httpOrigin = z
  .url({ protocol: /^https?$/, error: "expected the address people open, such as https://accounts.example.com" })
  .transform((url) => new URL(url))
  .refine((url) => url.href === `${url.origin}/`, "expected scheme, host and port only, without a path");

/** libpq's `allow` and `prefer` would go on without TLS where a server, or whoever stands before it, says that it has none. */
const SSL_MODES = ["disable", "require", "verify-ca", "verify-full"];

/** PostgreSQL, by a URL. */
export const databaseUrl = z
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

const IDENTIFIER_BYTES = 63;

/** A schema of PostgreSQL, as it is written between quotes. Longer names it would cut, and those of its own it keeps for itself. */
export const schemaName = z
  .string()
  .trim()
  .refine(
    (name) => /^[\p{L}\p{M}\p{N}_$ -]+$/u.test(name) && !/ as /i.test(name) && Buffer.byteLength(name) <= IDENTIFIER_BYTES,
    `expected the name of a schema, such as foyer: letters, digits, _, - and $, at most ${IDENTIFIER_BYTES} bytes, without quotes or dots`,
  )
  .refine((name) => !/^pg_|^information_schema$/.test(name), "expected a schema that is not PostgreSQL's own, such as foyer");

function isProxy(entry: string) {
  if (["loopback", "linklocal", "uniquelocal"].includes(entry)) return true;
  const [address = "", prefix, ...rest] = entry.split("/");
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return bits >= 0 && rest.length === 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits));
}

/** The values of Express's `trust proxy`: a switch, a number of hops, or a list of addresses and subnets. */
export const trustProxy = z
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
export function rate(byDefault: string) {
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

export const onOff = z.enum(["on", "off"], "expected on or off");

/** A list with commas between. One that names nothing is refused, for unset would mean all. */
export function listOf<T>(entry: z.ZodType<T, string>) {
  return z
    .string()
    .transform((text) => text.split(",").map((part) => part.trim()))
    .pipe(z.array(entry))
    .default([]);
}

/** A domain in A-label form; one that begins with a dot stands for its sub-domains too. */
export const allowedDomain = z.string().transform((text, context) => {
  const [, dot = "", name = ""] = /^(\.?)(.+)$/.exec(text) ?? [];
  const ascii = toASCII(name, { useSTD3ASCIIRules: true, verifyDNSLength: true });
  if (ascii?.includes(".")) return dot + ascii;
  context.addIssue("expected domains such as example.com or, with its sub-domains, .example.com, with commas between");
  return z.NEVER;
});

/** A mail server. Options of nodemailer may follow a `?`, such as `requireTLS=true`. */
export const smtpUrl = z
  .url({
    protocol: /^smtps?$/,
    abort: true,
    error: "expected a URL such as smtps://user:password@smtp.example.com:465, or smtp:// for STARTTLS",
  })
  .refine((url) => new URL(url).hostname !== "", "expected the name of a mail server");

const SENDER = /^(?:[^<>@,\r\n]+ <[^\s<>@,]+@[^\s<>@,]+\.[^\s<>@,]+>|[^\s<>@,]+@[^\s<>@,]+\.[^\s<>@,]+)$/;

/** Whom mails come from. */
export const sender = z.string().regex(SENDER, "expected an address such as accounts@example.com, or Example <accounts@example.com>");
