import { isIP } from "node:net";
import emailAddresses from "email-addresses";
import { getPublicSuffix } from "tldts";
import { toASCII } from "tr46";
import { z } from "zod";
import { serverUrl } from "./database-url.ts";

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

function isOrigin(url: URL) {
  return url.href === `${url.origin}/`;
}

/** An address that people open: scheme, host and port. */
export const httpOrigin = z
  .url({ protocol: /^https?$/, error: "expected the address people open, such as https://accounts.example.com" })
  .refine((url) => !url.includes("*"), "expected one address, such as https://accounts.example.com")
  .transform((url) => new URL(url))
  .refine(isOrigin, "expected scheme, host and port only, without a path");

/** What a `*.` may stand before: nothing under which strangers register names, such as com or github.io. */
function isOneOwners(domain: string) {
  return getPublicSuffix(domain, { allowPrivateDomains: true }) !== domain || domain === "localhost";
}

const CORS_ORIGIN =
  "expected origins (scheme, host and port) such as https://app.example.com or https://*.example.com, with commas between";

/** An origin as browsers write it in the Origin header; one whose host begins with `*.` stands for a domain's sub-domains. */
export const corsOrigin = z
  .url({ protocol: /^https?$/, abort: true, error: CORS_ORIGIN })
  .transform((url) => new URL(url))
  .refine((url) => isOrigin(url) && !url.hostname.replace(/^\*\./, "").includes("*"), CORS_ORIGIN)
  .refine(
    ({ hostname }) => !hostname.startsWith("*.") || isOneOwners(hostname.slice(2)),
    "expected a domain of your own after *., not one under which anybody may have a name",
  )
  .transform(({ origin }) => origin);

/** PostgreSQL, by a URL; it is taken apart where it is used. */
export const databaseUrl = z.string().superRefine((url, context) => {
  const [issue] = serverUrl.safeParse(url).error?.issues ?? [];
  if (issue) context.addIssue(issue.message);
});

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

const [MILLISECONDS, COUNT, SWITCH, TEXT] = [/^[1-9]\d{0,7}$/, /^[1-9]\d{0,3}$/, /^(?:true|false)$/, /^.+$/];

/** Those options of nodemailer that a URL can hold and that make sense here. Others it would pass by without a word. */
const SMTP_OPTIONS = new Map([
  ["connectionTimeout", MILLISECONDS],
  ["greetingTimeout", MILLISECONDS],
  ["socketTimeout", MILLISECONDS],
  ["dnsTimeout", MILLISECONDS],
  ["idleTimeout", MILLISECONDS],
  ["rateDelta", MILLISECONDS],
  ["rateLimit", COUNT],
  ["maxConnections", COUNT],
  ["maxMessages", COUNT],
  ["pool", /^true$/],
  ["requireTLS", SWITCH],
  ["ignoreTLS", SWITCH],
  ["opportunisticTLS", SWITCH],
  ["name", TEXT],
  ["localAddress", TEXT],
  ["authMethod", /^(?:plain|login|cram-md5)$/i],
  ["tls.rejectUnauthorized", SWITCH],
  ["tls.servername", TEXT],
  ["tls.minVersion", TEXT],
  ["tls.maxVersion", TEXT],
  ["tls.ciphers", TEXT],
  ["tls.ca", TEXT],
]);

const ESCAPED = "with @ / # ? in a password written as %40 %2F %23 %3F";

/** A mail server. Options of nodemailer may follow a `?`, such as `requireTLS=true`. */
export const smtpUrl = z
  .url({
    protocol: /^smtps?$/,
    abort: true,
    error: `expected a URL such as smtps://user:password@smtp.example.com:465, or smtp:// for STARTTLS, ${ESCAPED}`,
  })
  .refine((url) => {
    const { hostname, pathname, hash } = new URL(url);
    return hostname !== "" && /^\/?$/.test(pathname) && hash === "";
  }, `expected the name of a mail server and nothing after it but options, ${ESCAPED}`)
  .refine(
    (url) => {
      const options = [...new URL(url).searchParams];
      const isKnown = options.every(([name, value]) => SMTP_OPTIONS.get(name)?.test(value));
      return isKnown && new Set(options.map(([name]) => name)).size === options.length;
    },
    `expected as options, each once, only ${[...SMTP_OPTIONS.keys()].join(", ")}, times in milliseconds, and true or false where ` +
      `something is switched (TLS from the first byte: smtps://), and ${ESCAPED.slice(5)}`,
  );

/** A name with `:` or `,` means itself: only the one address at the end can be one, so it need not be in quotes. */
const UNQUOTED_NAME = /^\s*([^"\\<>@]*[^"\\<>@\s])\s*(<[^<>]*>)\s*$/;
/** RFC 5322's dot-atom, of as many characters as RFC 5321 section 4.5.3.1 has room for. */
const LOCAL_PART = /^(?=.{1,64}$)[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;
const LONGEST_NAME = 256;
/** Its last label has a letter, or it would be an IP address (RFC 3696 section 2). */
const DOMAIN = /^(?:[a-z\d](?:[a-z\d-]*[a-z\d])?\.)+(?=[^.]*[a-z])[a-z\d-]*[a-z\d]$/;

/** Whom mails come from: `name` as it is read, `address` as it goes over the wire. */
export type Sender = { name: string; address: string };

function parseSender(text: string): Sender | string {
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)) return "expected no line breaks or other control characters";
  const parsed = emailAddresses.parseOneAddress({ input: text.replace(UNQUOTED_NAME, '"$1" $2'), rfc6532: true, rejectTLD: false });
  if (parsed?.type !== "mailbox" || parsed.parts.comments.some(({ tokens }) => tokens.trim())) {
    return "expected one address such as accounts@example.com, or Example <accounts@example.com>";
  }
  const name = parsed.name ?? "";
  if (name.length > LONGEST_NAME) return `expected a name of at most ${LONGEST_NAME} characters`;
  if (!LOCAL_PART.test(parsed.local)) {
    return "expected before the @ only ASCII letters, digits and .!#$%&'*+/=?^_`{|}~-, for not every server takes others";
  }
  const domain = toASCII(parsed.domain, { useSTD3ASCIIRules: true, verifyDNSLength: true });
  if (!domain || !DOMAIN.test(domain)) return "expected after the @ a domain such as example.com";
  return { name, address: `${parsed.local}@${domain}` };
}

/** Whom mails come from, taken apart here once (RFC 5322): no later part reads more into a name's characters. */
export const sender = z.string().transform((text, context) => {
  const parsed = parseSender(text);
  if (typeof parsed !== "string") return parsed;
  context.addIssue(parsed);
  return z.NEVER;
});
