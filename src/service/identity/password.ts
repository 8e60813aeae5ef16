import { dictionary } from "@zxcvbn-ts/language-common";
import type { TypedPassword } from "../../hashing/password-hash.ts";
import type { Message } from "../../language/message.ts";
import { err, ok, type Result } from "../../result.ts";
import { type EmailAddress, parseEmailAddress } from "./email-address.ts";

export const PASSWORD_MAX_LENGTH = 256;
/** In UTF-8, so many characters of any kind. Typed decomposed they may be more, but keyboards compose. */
const MAX_TYPED_OCTETS = 4 * PASSWORD_MAX_LENGTH;

/** OWASP ASVS 5.0 section 6.2.4 asks for 3,000. The list is in order of rank. */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(
  dictionary["passwords-common"].slice(0, 10_000).map((password) => password.toLowerCase()),
);

/** No password has this hash, and it takes as long to say so as of any other. */
export const NO_PASSWORD = "*";

/** Bytes that could not be decoded: this is not the password that was typed. */
const DAMAGED = /[\p{Cs}\ufffd]/u;
const CONTROL = /\p{Cc}/u;

/** Brings a password into NFC, for keyboards differ (NIST SP 800-63B-4 section 3.1.1.2, RFC 8265). */
export function normalizePassword(typed: string): string {
  return typed.normalize("NFC");
}

/** Whether a password is the person's e-mail address or its local part, in any case: the first guess of an attacker. */
export function isEmailAddress(password: string, address: EmailAddress): boolean {
  const guesses = [address.email, address.readable, address.localPart].map((guess) => guess.toLowerCase());
  return guesses.includes(password.toLowerCase());
}

/** The same of an address as it is stored; without one there is nothing to be. */
export function isOwnAddress(password: string, email: string | undefined): boolean {
  const address = email === undefined ? undefined : parseEmailAddress(email);
  return address?.ok === true && isEmailAddress(password, address.value);
}

/**
 * Parses a password that may be somebody's already, also one that another system took: so it has no rule of length, and
 * none against common ones. It refuses what cannot have been typed: control characters, damage, and over 1,024 bytes.
 */
export function parseTypedPassword(typed: string): Result<TypedPassword, Message> {
  if (typed === "") return err({ key: "password.missing" });
  // Before normalization, which takes time by the square of a run of marks.
  if (Buffer.byteLength(typed) > MAX_TYPED_OCTETS)
    return err({ key: "password.far_too_long", values: { max: PASSWORD_MAX_LENGTH } });
  if (DAMAGED.test(typed)) return err({ key: "password.damaged" });
  if (CONTROL.test(typed)) return err({ key: "password.control" });
  return ok({ typed, nfc: normalizePassword(typed) });
}

/**
 * Parses a new password into NFC, and never trims or truncates it. It refuses control characters and the 10,000 most
 * common passwords, and has no composition rule (NIST SP 800-63B-4 section 3.1.1.2). @param minLength in code points.
 */
export function parsePassword(typed: string, minLength: number): Result<string, Message> {
  const parsed = parseTypedPassword(typed);
  if (!parsed.ok) return parsed;
  const { nfc } = parsed.value;
  const { length } = [...nfc];
  if (length < minLength) return err({ key: "password.too_short", values: { min: minLength, length } });
  if (length > PASSWORD_MAX_LENGTH)
    return err({ key: "password.too_long", values: { max: PASSWORD_MAX_LENGTH, length } });
  if (COMMON_PASSWORDS.has(nfc.toLowerCase())) return err({ key: "password.common" });
  return ok(nfc);
}
