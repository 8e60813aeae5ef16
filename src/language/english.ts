import words from "../../views/locales/en.json" with { type: "json" };
import { createLanguage } from "./language.ts";

/** For what is always in English: the document for programmers, and words before it is known who asks. */
export const english = createLanguage(words);
