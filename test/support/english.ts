/** The words of the catalogue, for tests of what people read. */
export { english } from "../../src/language/english.ts";
