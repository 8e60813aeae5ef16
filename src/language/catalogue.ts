import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import english from "../../views/locales/en.json" with { type: "json" };
import type { MessageKey } from "./message.ts";
import { problemsOf } from "./problems.ts";

/** The sentences of a language by their keys, in ICU MessageFormat, and what describes the language itself. */
export type Catalogue = Record<MessageKey, string>;

/** A language that cannot be offered. Its message tells the operator why, and of which file if one is wrong. */
export class LanguageError extends Error {
  override name = "LanguageError";
  readonly file: string | undefined;

  constructor(message: string, file?: string) {
    super(message);
    this.file = file;
  }
}

const ENDING = /\.json$/;

/** The tags of the languages that some folders have a file for: English, which is the reference, and then by name. */
export function tagsIn(folders: readonly URL[]): string[] {
  const names = folders.filter((folder) => existsSync(folder)).flatMap((folder) => readdirSync(folder));
  const tags = names.filter((name) => ENDING.test(name)).map((name) => name.replace(ENDING, ""));
  return [...new Set([english.lang, ...tags.toSorted()])];
}

function readWords(folder: URL, tag: string): Record<string, unknown> {
  const file = new URL(`${tag}.json`, folder);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
}

function isWhole(words: Record<string, unknown>): words is Catalogue {
  return Object.keys(english).every((key) => typeof words[key] === "string");
}

/**
 * Reads the sentences of a language from `<tag>.json` in some folders, of which a later one may change what those before say.
 * Tests hold what the first has, which is Foyer's own; that of others is checked here.
 * @throws LanguageError where it lacks a sentence, or has one that nothing asks for or that cannot be written.
 */
export function readCatalogue(folders: readonly URL[], tag: string): Catalogue {
  const [own = {}, ...added] = folders.map((folder) => readWords(folder, tag));
  const ofOthers: Record<string, unknown> = Object.assign({}, ...added);
  const words: Record<string, unknown> = { ...own, ...ofOthers };
  const problems = problemsOf(words, english, tag, Object.keys(ofOthers));
  if (problems.length === 0 && isWhole(words)) return words;
  const file = folders
    .map((folder) => fileURLToPath(new URL(`${tag}.json`, folder)))
    .findLast((name) => existsSync(name));
  throw new LanguageError(`${file ?? tag}:1: ${problems.join("; ")}`, file);
}
