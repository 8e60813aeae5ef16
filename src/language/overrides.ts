import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { checkCatalogue, type Problem } from "./check-catalogue.ts";
import { checkTemplate } from "./check-template.ts";
import { HELPER_NAMES } from "./handlebars.ts";
import { namesIn } from "./names.ts";
import { listViews } from "./views.ts";

/** The stylesheet that wins over Foyer's own, which stands beside the folders of views. */
export const STYLESHEET = "foyer.css";

const CATALOGUE = /^locales\/[\w-]+\.json$/;
const VIEW = /\.hbs$/;
const PARTIAL = /^partials\/(.+)\.hbs$/;
/** They are read without partials, and link to nothing but what their context names. */
const OF_EMAILS = /^(?:emails\/|layouts\/email)/;

/** A name that is not there: perhaps another folder's, or without its ending. */
function hint(name: string, own: readonly string[]): string {
  const file = name.slice(name.lastIndexOf("/") + 1).replace(/\.\w+$/, "");
  const near = own.find((other) => other.includes(`/${file}.`));
  return near === undefined ? "" : `; is ${near} meant?`;
}

/** The names of variables: those of Foyer's views, whatever view they are of, and those that the operator's views give. */
function variablesOf(ownFolder: URL, own: readonly string[], folder: URL, names: readonly string[]): Set<string> {
  const read = (of: URL, files: readonly string[]) =>
    files.filter((file) => VIEW.test(file)).map((file) => namesIn(readFileSync(new URL(file, of), "utf8")));
  const ours = read(ownFolder, own).flatMap(({ used, given }) => [...used, ...given]);
  return new Set([...ours, ...read(folder, names).flatMap(({ given }) => [...given])]);
}

/**
 * Checks all files of an operator's folder before anything is served from it.
 * @returns a line for each problem, with the file and the line in it.
 */
export function findProblems(folder: URL, ownFolder: URL): string[] {
  const own = listViews(ownFolder);
  const names = listViews(folder);
  const partials = [...own, ...names].flatMap((name) => PARTIAL.exec(name)?.[1] ?? []);
  const variables = variablesOf(ownFolder, own, folder, names);
  const check = (name: string, text: string): Problem[] => {
    if (name === STYLESHEET) return [];
    if (CATALOGUE.test(name)) return checkCatalogue(text);
    if (!own.includes(name)) return [{ line: 1, reason: `there is no view of this name${hint(name, own)}` }];
    const vocabulary = OF_EMAILS.test(name)
      ? { helpers: HELPER_NAMES.emails, partials: [], names: variables }
      : { helpers: HELPER_NAMES.pages, partials, names: variables };
    return checkTemplate(text, vocabulary);
  };
  return names.flatMap((name) => {
    const file = new URL(name, folder);
    return check(name, readFileSync(file, "utf8")).map(
      ({ line, reason }) => `${fileURLToPath(file)}:${line}: ${reason}`,
    );
  });
}
