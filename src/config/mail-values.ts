import emailAddresses from "email-addresses";
import { toASCII } from "tr46";
import { z } from "zod";

const [MILLISECONDS, COUNT, SWITCH, TEXT] = [/^[1-9]\d{0,7}$/, /^[1-9]\d{0,3}$/, /^(?:true|false)$/, /^.+$/];

/** The allowed options of nodemailer, which would silently ignore unknown ones. */
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
    `expected as options, each once, only ${[...SMTP_OPTIONS.keys()].join(", ")}, times in milliseconds, ` +
      `true or false for switches (for TLS from the first byte, use smtps://), and ${ESCAPED.slice(5)}`,
  );

/**
 * A name and an address. Words without quotes may have `:` or `,` too, because only the one address at the end can be
 * meant.
 */
const NAMED = /^((?:"(?:[^"\\]|\\.)*"|[^"\\<>@])+)(<[^<>]*>)\s*$/;
const WORDS = /"((?:[^"\\]|\\.)*)"|([^"\s]+)/g;
/** A dot-atom (RFC 5322) of at most 64 octets (RFC 5321 section 4.5.3.1). */
const LOCAL_PART = /^(?=.{1,64}$)[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;
const MAX_NAME_LENGTH = 256;
/** The last label needs a letter, or it would be an IP address (RFC 3696 section 2). */
const DOMAIN = /^(?:[a-z\d](?:[a-z\d-]*[a-z\d])?\.)+(?=[^.]*[a-z])[a-z\d-]*[a-z\d]$/;

export type Sender = { name: string; address: string };

/** Joins the words of a name by spaces, as RFC 5322 reads a phrase, and puts quotes around them all. */
function quoteName(_: string, name: string, address: string) {
  const words = [...name.matchAll(WORDS)].map(([, quoted, word]) => quoted ?? word);
  return `"${words.join(" ")}" ${address}`;
}

function parseSender(text: string): Sender | string {
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)) return "expected no line breaks or other control characters";
  const parsed = emailAddresses.parseOneAddress({
    input: text.replace(NAMED, quoteName),
    rfc6532: true,
    rejectTLD: false,
  });
  if (parsed?.type !== "mailbox" || parsed.parts.comments.some(({ tokens }) => tokens.trim())) {
    return (
      "expected one address such as accounts@example.com, or Example <accounts@example.com>, " +
      "with quotes around a name that has @, <, > or \\"
    );
  }
  const name = parsed.name ?? "";
  if (name.length > MAX_NAME_LENGTH) return `expected a name of at most ${MAX_NAME_LENGTH} characters`;
  if (!LOCAL_PART.test(parsed.local)) {
    return "expected only ASCII letters, digits and .!#$%&'*+/=?^_`{|}~- before the @: not every server accepts others";
  }
  const domain = toASCII(parsed.domain, { useSTD3ASCIIRules: true, verifyDNSLength: true });
  if (!domain || !DOMAIN.test(domain)) return "expected after the @ a domain such as example.com";
  return { name, address: `${parsed.local}@${domain}` };
}

/** Parsed here once (RFC 5322), so that nodemailer need not interpret the name. */
export const sender = z.string().transform((text, context) => {
  const parsed = parseSender(text);
  if (typeof parsed !== "string") return parsed;
  context.addIssue(parsed);
  return z.NEVER;
});
