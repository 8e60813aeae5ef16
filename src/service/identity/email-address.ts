import type { Message } from "../../language/message.ts";
import { err, ok, type Result } from "../../result.ts";
import { parseDomain, readableDomain } from "./domain-name.ts";
import { foldLocalPart } from "./fold.ts";
import { describeInvisible, isInvisible, trimInvisible } from "./invisible.ts";
import { toMailbox } from "./mailbox.ts";

export type EmailAddress = {
  /** The address to which email is sent: as typed, in NFC, the domain in ASCII form. */
  email: string;
  /** The same for all spellings of an address. Unique among accounts. */
  key: string;
  /** The same for all addresses that are known to lead to one mailbox. For limits on email, never for identity. */
  mailbox: string;
  localPart: string;
  domain: string;
  readable: string;
};

/** RFC 5321 section 4.5.3.1.1, and for all of an address RFC 3696, erratum 1690. */
const LOCAL_PART_OCTETS = 64;
export const ADDRESS_OCTETS = 254;
const TOO_LONG = err<Message>({ key: "email.too_long", values: { max: ADDRESS_OCTETS } });

/** atext (RFC 5322 section 3.2.3), and beyond ASCII (RFC 6531 section 3.3) printing characters but U+FFFD. */
const ATOM = /[\w!#$%&'*+\-/=?^`{|}~]|(?![\0-\x7f])(?!\ufffd)[\p{L}\p{M}\p{N}\p{P}\p{S}]/u;
const DOT_ATOM = new RegExp(`^(?!\\p{M})(?:${ATOM.source})+(?:\\.(?:${ATOM.source})+)*$`, "u");

function octets(text: string) {
  return Buffer.byteLength(text);
}

/** Whether a text is a dot-atom of these atoms' number: some characters fold to one that has a dot, `@` or space. */
function isFolded(folded: string, localPart: string) {
  return DOT_ATOM.test(folded) && folded.split(".").length === localPart.split(".").length;
}

const CONTEXT_LENGTH = 12;

function refuseInvisible(text: string, from: number) {
  const characters = [...text.slice(from)];
  const index = characters.findIndex(isInvisible);
  const character = characters[index];
  if (character === undefined) return undefined;
  const before = [...text.slice(0, from), ...characters.slice(0, index)].slice(-CONTEXT_LENGTH).join("");
  const name = describeInvisible(character);
  if (before === "") return err<Message>({ key: "email.invisible_at_start", values: { name } });
  return err<Message>({ key: "email.invisible", values: { name, before } });
}

const COPIED = /^mailto:(?<link>[^?]*)|<(?:mailto:)?(?<named>[^<>]*)>/i;

function refuseCopied(text: string) {
  const { link, named = link } = COPIED.exec(text)?.groups ?? {};
  if (named === undefined) return undefined;
  const inner = parseBare(trimInvisible(named));
  return err<Message>({
    key: "email.copied",
    values: { address: inner.ok ? inner.value.readable : "name@example.com" },
  });
}

function refuseLocalPart(localPart: string) {
  if (localPart === "") return err<Message>({ key: "email.no_local_part" });
  if (localPart.startsWith(".") || localPart.endsWith(".") || localPart.includes("..")) {
    return err<Message>({ key: "email.dots" });
  }
  if (localPart.includes("@")) return err<Message>({ key: "email.two_ats" });
  return err<Message>({ key: "email.local_part" });
}

function parseBare(text: string): Result<EmailAddress, Message> {
  if (text === "") return err<Message>({ key: "email.missing" });
  const at = text.lastIndexOf("@");
  if (at < 0 && /[＠﹫]/.test(text)) return err<Message>({ key: "email.other_at" });
  if (at < 0) return err<Message>({ key: "email.no_at" });
  const localPart = text.slice(0, at);
  // Also those that RFC 6531 allows: two addresses that look the same would be two accounts.
  const invisible = refuseInvisible(localPart, 0);
  if (invisible) return invisible;
  if (!DOT_ATOM.test(localPart)) return refuseLocalPart(localPart);
  const folded = foldLocalPart(localPart);
  if (!isFolded(folded, localPart)) return refuseLocalPart(folded);
  if (Math.max(octets(localPart), octets(folded)) > LOCAL_PART_OCTETS)
    return err<Message>({ key: "email.long_local_part" });
  const domain = parseDomain(text.slice(at + 1));
  if (!domain) {
    return refuseInvisible(text, at + 1) ?? err<Message>({ key: "email.domain" });
  }
  const email = `${localPart}@${domain.ascii}`;
  const key = `${folded}@${domain.ascii}`;
  const readable = `${localPart}@${domain.unicode}`;
  if ([email, key, readable].some((form) => octets(form) > ADDRESS_OCTETS)) return TOO_LONG;
  const mailbox = toMailbox(folded, domain.ascii);
  return ok({ email, key, mailbox, localPart, domain: domain.ascii, readable });
}

/** Parses an address into NFC, without invisible ends. It refuses quoted local parts, comments and address literals. */
export function parseEmailAddress(typed: string): Result<EmailAddress, Message> {
  const trimmed = trimInvisible(typed);
  // As it was typed, before anything is done to it that takes more than linear time.
  if (octets(trimmed) > ADDRESS_OCTETS) return TOO_LONG;
  const text = trimmed.normalize("NFC");
  const parsed = parseBare(text);
  return parsed.ok ? parsed : (refuseCopied(text) ?? parsed);
}

/** An address with its domain in Unicode, as its owner would write it. Any other text is returned unchanged. */
export function readableAddress(address: string): string {
  const at = address.lastIndexOf("@") + 1;
  return at === 0 ? address : address.slice(0, at) + readableDomain(address.slice(at));
}
