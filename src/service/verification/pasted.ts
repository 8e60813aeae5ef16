import { asObject } from "../identity/fields.ts";
import { withoutInvisible } from "../identity/invisible.ts";

/** A whole email is shorter, and what is longer was not pasted by a person. */
const MAX_OCTETS = 4096;

function isTooLong(text: string) {
  return Buffer.byteLength(text) > MAX_OCTETS;
}

const CODE_LENGTH = 8;
/** Eight digits, between them nothing but spaces, hyphens and the like, and no other number. */
const CODE = /^(?<before>\P{N}*)(?<code>\d(?:[^\p{L}\p{N}]*\d){7})(?<after>\P{N}*)$/u;
/** A letter alone, and those that are taken for 0 and 1: they may stand for a digit that is missing. */
const DOUBTFUL = String.raw`(?:\p{L}|[OoIl]+)`;
const DOUBT_BEFORE = new RegExp(String.raw`(?<!\p{L})${DOUBTFUL}$`, "u");
const DOUBT_AFTER = new RegExp(String.raw`^${DOUBTFUL}(?!\p{L})`, "u");

const DIGIT = /\p{Nd}/u;

/** The value of any script's decimal digit: Unicode has them in tens, from 0 to 9 (UAX 44, Numeric_Type). */
function asciiDigit(digit: string): string {
  const start = digit.codePointAt(0) ?? 0;
  let before = 0;
  while (DIGIT.test(String.fromCodePoint(start - before - 1))) before += 1;
  return String(before % 10);
}

/** Reads eight digits of any script, however grouped. It never guesses: a digit more or a doubtful letter refuses. */
export function readCode(typed: string): string | undefined {
  // Numerals that are letters, Roman ones and their like, are no digits of a code.
  if (isTooLong(typed) || /\p{Nl}/u.test(typed)) return undefined;
  // Each character by itself, because to order a run of marks takes time by the square of it.
  const normalized = typed.replaceAll(/[^\0-\x7f]/gu, (character) => character.normalize("NFKC"));
  // A character may become 18.
  if (isTooLong(normalized) || normalized.match(/\p{N}/gu)?.length !== CODE_LENGTH) return undefined;
  // A Japanese keyboard has the long vowel's sign where others have the hyphen.
  const text = normalized.replaceAll("ー", "-").replaceAll(/\p{Nd}/gu, asciiDigit);
  const { before = "", code, after = "" } = CODE.exec(text)?.groups ?? {};
  if (code === undefined || DOUBT_BEFORE.test(before) || DOUBT_AFTER.test(after)) return undefined;
  return code.replaceAll(/\D/g, "");
}

/** 32 bytes in base64url. */
const TOKEN_LENGTH = 43;
const RUN = /[\w-]+/g;
const WHOLE = new RegExp(String.raw`^[\w-]{${TOKEN_LENGTH}}$`);
/** A mail program's break in a long line, quoted-printable's soft one too, and the mark of a quote after it. */
const LINE_BREAK = /=?[\r\n]+[>\s]*/g;
const MAX_ESCAPES = 3;

/** Undoes percent-encoding. Bytes that are no text are a gap, as a space in another encoding is. */
function unescaped(text: string): string {
  return text.replaceAll(/(?:%[\da-f]{2})+/gi, (bytes) => {
    try {
      return decodeURIComponent(bytes);
    } catch {
      return " ";
    }
  });
}

function placesOf(text: string): string[] {
  const parameters = text.split(/[?&#;]/);
  const named = parameters.flatMap((parameter) => /^.*?\btoken=(.*)$/is.exec(parameter)?.[1] ?? []);
  return named.length > 0 ? named : parameters;
}

/** Whole tokens that stand free, or else the one that begins a place, with breaks inside or something stuck to it. */
function tokensAt(place: string): string[] {
  const free = (place.match(RUN) ?? []).filter((run) => WHOLE.test(run));
  if (free.length > 0) return free;
  const [run = ""] = withoutInvisible(place.replaceAll(LINE_BREAK, "").replaceAll("+", "")).match(RUN) ?? [];
  // Quoted-printable's `=`, of `token=`.
  const begun = run.startsWith("3D") && run.length >= TOKEN_LENGTH + 2 ? run.slice(2) : run;
  const isOne = begun.length >= TOKEN_LENGTH && begun.length < 2 * TOKEN_LENGTH;
  return isOne ? [begun.slice(0, TOKEN_LENGTH)] : [];
}

/** Reads the token of a link, however it was broken, escaped or extended. It gives undefined for none, or for two. */
export function readToken(sent: string): string | undefined {
  if (isTooLong(sent)) return undefined;
  let text = sent;
  for (let n = 0; n < MAX_ESCAPES; n += 1) text = unescaped(text);
  const places = placesOf(text).filter(({ length }) => length >= TOKEN_LENGTH);
  const [token, ...others] = new Set(places.flatMap(tokensAt));
  return others.length === 0 ? token : undefined;
}

/** Reads the token that a client sent, if it sent one. */
export function sentToken(input: unknown): string | undefined {
  const sent = asObject(input);
  return "token" in sent && typeof sent.token === "string" ? readToken(sent.token) : undefined;
}
