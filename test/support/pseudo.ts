import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type MessageFormatElement, parse, TYPE } from "@formatjs/icu-messageformat-parser";
import { printAST } from "@formatjs/icu-messageformat-parser/printer.js";
import { PROPERTIES } from "../../src/language/problems.ts";
import english from "../../views/locales/en.json" with { type: "json" };

/** Languages that nobody speaks, made of English: with other letters, longer words, and brackets around each sentence. */
export const PSEUDO = { ltr: "en-XA", rtl: "ar-XB" } as const;

const LATIN = "abcdefghijklmnopqrstuvwxyz";
const ACCENTED = "àƀçđéƒğĥîĵķļɱñöþǫŕšţûṽŵẋýž";
const ARABIC = "ابجدهفغحيجكلمنعپقرستوڤشخىز";
/** Their dates have none of our letters. */
const WRITTEN_AS = { [PSEUDO.ltr]: "ja-JP", [PSEUDO.rtl]: "ar-EG" };

/** Each word is 40 % longer, as many are in German. */
function lengthen(word: string) {
  return word + word.slice(0, Math.ceil(word.length * 0.4));
}

function replaceLetters(word: string, letters: string) {
  return Array.from(word.toLowerCase(), (letter) => Array.from(letters)[LATIN.indexOf(letter)] ?? letter).join("");
}

function inOtherLetters(text: string, letters: string) {
  const inWords = (part: string) => part.replaceAll(/[a-z]+/gi, (word) => replaceLetters(lengthen(word), letters));
  return text
    .split(/(<[^>]+>)/)
    .map((part) => (part.startsWith("<") ? part : inWords(part)))
    .join("");
}

function transform(elements: MessageFormatElement[], letters: string): MessageFormatElement[] {
  for (const element of elements) {
    if (element.type === TYPE.literal) element.value = inOtherLetters(element.value, letters);
    if (element.type === TYPE.plural || element.type === TYPE.select)
      for (const { value } of Object.values(element.options)) transform(value, letters);
  }
  return elements;
}

/** A sentence of a pseudo-language. */
function pseudo(sentence: string, letters: string) {
  return `⟦${printAST(transform(parse(sentence, { ignoreTag: true }), letters))}⟧`;
}

function wordsOf(tag: string, letters: string) {
  const sentences = Object.entries(english).map(([key, sentence]) => {
    // It is a list.
    if (key === "password.meter.words")
      return [
        key,
        sentence
          .split("|")
          .map((word) => pseudo(word, letters))
          .join("|"),
      ];
    return [key, PROPERTIES.includes(key) ? sentence : pseudo(sentence, letters)];
  });
  return { ...Object.fromEntries(sentences), lang: tag, name: `⟦${replaceLetters("pseudo", letters)}⟧` };
}

/** Writes the pseudo-languages into a folder of views, and gives it. */
export function writePseudoViews(): URL {
  const folder = mkdtempSync(join(tmpdir(), "foyer-views-"));
  mkdirSync(join(folder, "locales"));
  const write = (tag: keyof typeof WRITTEN_AS, dir: string, letters: string) => {
    const words = { ...wordsOf(tag, letters), locale: WRITTEN_AS[tag], dir };
    writeFileSync(join(folder, "locales", `${tag}.json`), JSON.stringify(words));
  };
  write(PSEUDO.ltr, "ltr", ACCENTED);
  write(PSEUDO.rtl, "rtl", ARABIC);
  return pathToFileURL(`${folder}/`);
}
