import { loadLanguage } from "../../src/language/language.ts";

/** The words of the catalogue, for tests of what people read. */
export const english = loadLanguage([new URL("../../views/", import.meta.url)], "en", "Foyer");
