import { LanguageError, readCatalogue, tagsIn } from "./catalogue.ts";
import { createLanguage, type Language } from "./language.ts";
import { lookUp, withScript } from "./look-up.ts";

/** The languages that people are offered, in the operator's order. */
export type Languages = {
  all: readonly Language[];
  /** The first: for whoever reads none of them. */
  byDefault: Language;
  /** Finds the one of a tag, as an account keeps it. @returns the default where it is not offered, or not any more. */
  of(tag: string | null | undefined): Language;
  /** Looks one up as `Accept-Language` asks (RFC 9110 section 12.5.4). @returns undefined where none suits. */
  lookUp(acceptLanguage: string): Language | undefined;
};

/** Look-ups, and characters in each. Browsers send few different fields, and programs may send any. */
const MOST_REMEMBERED = 1000;
const LONGEST_REMEMBERED = 200;

function createLookUp(all: readonly Language[]) {
  const byScript = new Map(all.map((language) => [withScript(language.lang) ?? language.lang, language]));
  const tags = [...byScript.keys()];
  const remembered = new Map<string, Language | undefined>();
  return (acceptLanguage: string) => {
    if (remembered.has(acceptLanguage)) return remembered.get(acceptLanguage);
    const found = byScript.get(lookUp(tags, acceptLanguage) ?? "");
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    if (acceptLanguage.length <= LONGEST_REMEMBERED) remembered.set(acceptLanguage, found);
    return found;
  };
}

/**
 * Loads languages from `<tag>.json` in folders: Foyer's own, and any that add to it or change its words.
 * @param site what sentences call the site. @param tags in the order in which they are offered; all that there are if empty. @throws LanguageError.
 */
export function loadLanguages(folders: readonly URL[], site: string, tags: readonly string[] = []): Languages {
  const there = tagsIn(folders);
  const missing = tags.filter((tag) => !there.includes(tag));
  if (missing.length > 0) throw new LanguageError(`there is no ${missing.join(", ")}, only ${there.join(", ")}`);
  const offered = tags.length > 0 ? [...new Set(tags)] : there;
  const [byDefault, ...others] = offered.map((tag): Language => createLanguage(readCatalogue(folders, tag), site));
  if (!byDefault) throw new LanguageError("there is none");
  const all = [byDefault, ...others];
  return {
    all,
    byDefault,
    of: (tag) => all.find(({ lang }) => lang === tag) ?? byDefault,
    lookUp: createLookUp(all),
  };
}
