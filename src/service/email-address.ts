import { parseDomain } from "./domain-name.ts";
import type { Parsed } from "./parsed.ts";

export type EmailAddress = {
  /** As the person wrote it, in NFC, the domain in its wire form: where mail is sent. */
  email: string;
  /** The same for all spellings of one mailbox: what makes an account unique. */
  key: string;
  localPart: string;
  /** In its wire form. */
  domain: string;
  /** The address with its domain in letters, as a person may have typed it. */
  readable: string;
};

const LOCAL_PART_OCTETS = 64;
export const ADDRESS_OCTETS = 254;
export const ADDRESS_TOO_LONG = `Enter a shorter email address: mail allows ${ADDRESS_OCTETS} characters.`;

/** RFC 5322 section 3.2.3's atext, and beyond ASCII (RFC 6531 section 3.3) what prints, spaces apart, and was not damaged on its way. */
const ATOM = /[\w!#$%&'*+\-/=?^`{|}~]|(?![\0-\x7f])(?!\ufffd)[\p{L}\p{M}\p{N}\p{P}\p{S}]/u;
const DOT_ATOM = new RegExp(`^(?!\\p{M})(?:${ATOM.source})+(?:\\.(?:${ATOM.source})+)*$`, "u");

function octets(text: string) {
  return Buffer.byteLength(text);
}

/**
 * Folds the case of a local part. RFC 5321 lets a host tell `Alice` from `alice`; no mail provider of note does,
 * and two accounts that differ in it alone are one person's. The final sigma is lower case's only form that depends on its place.
 */
function foldCase(localPart: string) {
  return localPart.toLowerCase().replaceAll("ς", "σ").normalize("NFC");
}

function refuse(message: string): Parsed<never> {
  return { ok: false, message };
}

function refuseLocalPart(localPart: string) {
  if (localPart === "") return refuse("Write something before the @, as in name@example.com.");
  if (localPart.startsWith(".") || localPart.endsWith(".") || localPart.includes("..")) {
    return refuse("Check the dots: the part before the @ cannot begin or end with one, nor have two in a row.");
  }
  if (localPart.includes("@")) return refuse("Write only one @, as in name@example.com.");
  return refuse("Check the part before the @: it has a space or another character that email addresses cannot have.");
}

/**
 * Reads an e-mail address: trimmed, in NFC, a dot-atom of at most 64 octets (RFC 5321, 5322, 6531), the last @, and a
 * domain that mail can be sent to; at most 254 octets in all (RFC 3696, erratum 1690). Quoted local parts, comments and
 * address literals are refused.
 */
export function parseEmailAddress(typed: string): Parsed<EmailAddress> {
  const text = typed.trim().normalize("NFC");
  if (text === "") return refuse("Enter your email address.");
  const at = text.lastIndexOf("@");
  if (at < 0) return refuse("Enter an email address with an @, as in name@example.com.");
  const localPart = text.slice(0, at);
  if (!DOT_ATOM.test(localPart)) return refuseLocalPart(localPart);
  if (octets(localPart) > LOCAL_PART_OCTETS) return refuse("Shorten the part before the @: mail allows 64 bytes there.");
  const domain = parseDomain(text.slice(at + 1));
  if (!domain) return refuse("Check the part after the @: it should be a domain that receives mail, as in name@example.com.");
  const email = `${localPart}@${domain.ascii}`;
  const readable = `${localPart}@${domain.unicode}`;
  if (Math.max(octets(email), octets(readable)) > ADDRESS_OCTETS) {
    return refuse(ADDRESS_TOO_LONG);
  }
  return { ok: true, value: { email, key: `${foldCase(localPart)}@${domain.ascii}`, localPart, domain: domain.ascii, readable } };
}
