import { dictionary } from "@zxcvbn-ts/language-common";
import type { EmailAddress } from "./email-address.ts";
import type { Parsed } from "./parsed.ts";

export const PASSWORD_MAX_LENGTH = 256;

/** OWASP ASVS 5.0 section 6.2.4 asks for 3,000. The list is in order of rank. */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(
  dictionary["passwords-common"].slice(0, 10_000).map((password) => password.toLowerCase()),
);

/** U+FFFD stands where bytes could not be read: the password would not be the one that was typed. */
const DAMAGED = /[\p{Cs}\ufffd]/u;
const CONTROL = /\p{Cc}/u;

/**
 * Brings the spellings of one password that keyboards produce into one (NIST SP 800-63B-4 section 3.1.1.2, RFC 8265).
 * Registration and every later verification hash this form.
 */
export function normalizePassword(typed: string): string {
  return typed.normalize("NFC");
}

/** Tells whether a password is the owner's address or the part before its @, whatever the case: an attacker's first guess. */
export function isEmailAddress(password: string, address: EmailAddress): boolean {
  const guesses = [address.email, address.readable, address.localPart].map((guess) => guess.toLowerCase());
  return guesses.includes(password.toLowerCase());
}

/**
 * Reads a new password: any characters but control characters, counted in code points, no rule of composition,
 * and none of the 10,000 most common (NIST SP 800-63B-4 section 3.1.1.2). Never trimmed, never cut.
 * @param minLength in code points.
 */
export function parsePassword(typed: string, minLength: number): Parsed<string> {
  if (typed === "") return { ok: false, message: "Enter a password." };
  const password = normalizePassword(typed);
  if (DAMAGED.test(password)) return { ok: false, message: "Type the password again: a character in it arrived damaged." };
  if (CONTROL.test(password)) return { ok: false, message: "Remove tabs, line breaks and other control characters from the password." };
  const { length } = [...password];
  if (length < minLength) return { ok: false, message: `Use at least ${minLength} characters; this password has ${length}.` };
  if (length > PASSWORD_MAX_LENGTH)
    return { ok: false, message: `Use at most ${PASSWORD_MAX_LENGTH} characters; this password has ${length}.` };
  if (COMMON_PASSWORDS.has(password.toLowerCase()))
    return { ok: false, message: "Choose a less common password: this one is among the first that attackers try." };
  return { ok: true, value: password };
}
