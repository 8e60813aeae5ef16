import { isIP } from "node:net";
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

/** The path has no more than names: it stands in routes, links and cookies as it is. */
function isPlain({ pathname, search, hash, username, password }: URL) {
  return /^(?:\/[\w.~-]+)*\/?$/.test(pathname) && search + hash + username + password === "";
}

/** Where people open Foyer. Its path, if it has one, ends with a slash, so that relative links stay below it. */
export const httpUrl = z
  .url({ protocol: /^https?$/, error: "expected the address people open, such as https://accounts.example.com" })
  .refine((url) => !url.includes("*"), "expected one address, such as https://accounts.example.com")
  .transform((url) => new URL(url))
  .refine(isPlain, "expected scheme, host and port, and at most a plain path, as in https://example.com/account")
  .transform((url) => new URL(`${url.pathname.replace(/\/$/, "")}/`, url));

/** Where people go on to. */
export const appUrl = z
  .url({ protocol: /^https?$/, error: "expected the address of your app, such as https://app.example.com/start" })
  .transform((url) => new URL(url))
  .refine(({ username, password }) => username + password === "", "expected an address without a password in it");

function hasOneOwner(domain: string) {
  return getPublicSuffix(domain, { allowPrivateDomains: true }) !== domain || domain === "localhost";
}

const CORS_ORIGIN =
  "expected origins (scheme, host and port) such as https://app.example.com or https://*.example.com, " +
  "with commas between";

export const corsOrigin = z
  .url({ protocol: /^https?$/, abort: true, error: CORS_ORIGIN })
  .transform((url) => new URL(url))
  .refine((url) => isOrigin(url) && !url.hostname.replace(/^\*\./, "").includes("*"), CORS_ORIGIN)
  .refine(
    ({ hostname }) => !hostname.startsWith("*.") || hasOneOwner(hostname.slice(2)),
    "expected a domain of your own after *., not one under which anybody may have a name",
  )
  .transform(({ origin }) => origin);

export const databaseUrl = z.string().superRefine((url, context) => {
  const [issue] = serverUrl.safeParse(url).error?.issues ?? [];
  if (issue) context.addIssue(issue.message);
});

const IDENTIFIER_BYTES = 63;

/** A schema's name, as between quotes. PostgreSQL would truncate longer names, and reserves those refused below. */
export const schemaName = z
  .string()
  .trim()
  .refine(
    (name) =>
      /^[\p{L}\p{M}\p{N}_$ -]+$/u.test(name) && !/ as /i.test(name) && Buffer.byteLength(name) <= IDENTIFIER_BYTES,
    `expected the name of a schema, such as foyer: letters, digits, _, - and $, at most ${IDENTIFIER_BYTES} bytes, ` +
      "without quotes or dots",
  )
  .refine(
    (name) => !/^pg_|^information_schema$/.test(name),
    "expected a schema that is not PostgreSQL's own, such as foyer",
  );

function isProxy(entry: string) {
  if (["loopback", "linklocal", "uniquelocal"].includes(entry)) return true;
  const [address = "", prefix, ...rest] = entry.split("/");
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return (
    bits >= 0 && rest.length === 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits))
  );
}

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
/** Node's timers are limited to 2^31 milliseconds, 24 days. */
const MAX_WINDOW_SECONDS = 20 * 86_400;
const RATE = /^([1-9]\d{0,6})\/([1-9]\d{0,3})([smhd])$/;

export function rate(byDefault: string) {
  return z
    .string()
    .regex(RATE, "expected a number of attempts and a time, such as 100/10m (s, m, h or d)")
    .default(byDefault)
    .transform((text) => {
      const [, count, time, unit = ""] = RATE.exec(text) ?? [];
      return { count: Number(count), seconds: Number(time) * (SECONDS.get(unit) ?? 1) };
    })
    .refine(({ seconds }) => seconds <= MAX_WINDOW_SECONDS, "expected a time of at most 20 days");
}

export const onOff = z.enum(["on", "off"], "expected on or off");

/** Refuses `,` alone, because an empty list would mean no restriction. */
export function commaSeparated<T>(entry: z.ZodType<T, string>) {
  return z
    .string()
    .transform((text) => text.split(",").map((part) => part.trim()))
    .pipe(z.array(entry))
    .default([]);
}

export const allowedDomain = z.string().transform((text, context) => {
  const [, dot = "", name = ""] = /^(\.?)(.+)$/.exec(text) ?? [];
  const ascii = toASCII(name, { useSTD3ASCIIRules: true, verifyDNSLength: true });
  if (ascii?.includes(".")) return dot + ascii;
  context.addIssue("expected domains such as example.com or, with its subdomains, .example.com, with commas between");
  return z.NEVER;
});

const LANGUAGE_TAG = "expected the tags of languages, such as en,de,zh-Hant";

/** A language's tag (RFC 5646), in the form that names its file. */
export const languageTag = z
  .string()
  .regex(/^[a-z]{2,3}(?:-[a-z\d]{2,8})*$/i, { abort: true, error: LANGUAGE_TAG })
  .transform((text, context) => {
    try {
      return new Intl.Locale(text).toString();
    } catch {
      context.addIssue(LANGUAGE_TAG);
      return z.NEVER;
    }
  });
