import words from "../../views/locales/en.json" with { type: "json" };
import { createLanguage, type Language } from "./language.ts";

/** English for what is always in English, such as the document for programmers. @param site what sentences call the site. */
export function createEnglish(site: string): Language {
  return createLanguage(words, site);
}

/** The same for words that are needed before it is known whose they are. None of those names the site. */
export const english = createEnglish("Foyer");
