import { parseDomain, readableDomain } from "./domain-name.ts";
import { isInvisible, nameOfInvisible, trimInvisible } from "./invisible.ts";
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
/** UTF-16 units, with which no spelling of an address that is short enough can be written; what is longer is not worth a look. */
const LONGEST_TYPED = 4 * ADDRESS_OCTETS;
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

/** So much of what stands before an invisible character is enough to find the place. */
const SHOWN_BEFORE = 12;

/** Refuses what nobody sees, in words that say where it is; undefined where all of it shows, or belongs there. */
function refuseInvisible(text: string, from: number, belongs: (character: string) => boolean) {
  const characters = [...text.slice(from)];
  const index = characters.findIndex((one) => isInvisible(one) && !belongs(one));
  const character = characters[index];
  if (character === undefined) return undefined;
  const before = [...text.slice(0, from), ...characters.slice(0, index)].slice(-SHOWN_BEFORE).join("");
  const place = before === "" ? "at its start" : `after “${before}”`;
  return refuse(
    `Check the email address: it has an invisible character ${place} (${nameOfInvisible(character)}). Delete it, or type the address anew.`,
  );
}

/** As mail programs copy an address: with the name of whom it is, or as a link. */
const COPIED = /^mailto:(?<link>[^?]*)|<(?:mailto:)?(?<named>[^<>]*)>/i;

/** Refuses an address with something around it that mail programs put there; undefined where there is nothing such. */
function refuseCopied(text: string) {
  const { link, named = link } = COPIED.exec(text)?.groups ?? {};
  if (named === undefined) return undefined;
  const inner = parseAlone(trimInvisible(named));
  return refuse(
    `Write the address alone, as in ${inner.ok ? inner.value.readable : "name@example.com"}, without a name or anything else around it.`,
  );
}

function refuseLocalPart(localPart: string) {
  if (localPart === "") return refuse("Write something before the @, as in name@example.com.");
  if (localPart.startsWith(".") || localPart.endsWith(".") || localPart.includes("..")) {
    return refuse("Check the dots: the part before the @ cannot begin or end with one, nor have two in a row.");
  }
  if (localPart.includes("@")) return refuse("Write only one @, as in name@example.com.");
  return refuse("Check the part before the @: it has a space or another character that email addresses cannot have.");
}

function parseAlone(text: string): Parsed<EmailAddress> {
  if (text === "") return refuse("Enter your email address.");
  const at = text.lastIndexOf("@");
  if (at < 0 && /[＠﹫]/.test(text)) return refuse("Write the @ as in name@example.com: this one (＠) is of another keyboard.");
  if (at < 0) return refuse("Enter an email address with an @, as in name@example.com.");
  const localPart = text.slice(0, at);
  if (!DOT_ATOM.test(localPart)) return refuseInvisible(localPart, 0, (one) => ATOM.test(one)) ?? refuseLocalPart(localPart);
  if (octets(localPart) > LOCAL_PART_OCTETS) return refuse("Shorten the part before the @: mail allows 64 bytes there.");
  const domain = parseDomain(text.slice(at + 1));
  if (!domain) {
    const fault = "Check the part after the @: it should be a domain that receives mail, as in name@example.com.";
    return refuseInvisible(text, at + 1, () => false) ?? refuse(fault);
  }
  const email = `${localPart}@${domain.ascii}`;
  const readable = `${localPart}@${domain.unicode}`;
  if (Math.max(octets(email), octets(readable)) > ADDRESS_OCTETS) {
    return refuse(ADDRESS_TOO_LONG);
  }
  return { ok: true, value: { email, key: `${foldCase(localPart)}@${domain.ascii}`, localPart, domain: domain.ascii, readable } };
}

/**
 * Reads an e-mail address: without what is invisible at its ends, in NFC, a dot-atom of at most 64 octets (RFC 5321, 5322, 6531),
 * the last @, and a domain that mail can be sent to; at most 254 octets in all (RFC 3696, erratum 1690). Quoted local parts,
 * comments and address literals are refused.
 */
export function parseEmailAddress(typed: string): Parsed<EmailAddress> {
  const text = trimInvisible(typed).normalize("NFC");
  if (text.length > LONGEST_TYPED) return refuse(ADDRESS_TOO_LONG);
  const parsed = parseAlone(text);
  return parsed.ok ? parsed : (refuseCopied(text) ?? parsed);
}

/** An address as its owner would write it: the domain in letters, not in its wire form. What is no address stays as it is. */
export function readableAddress(address: string): string {
  const at = address.lastIndexOf("@") + 1;
  return at === 0 ? address : address.slice(0, at) + readableDomain(address.slice(at));
}
