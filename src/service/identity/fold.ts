/** Upper-casing would make `ss` of ß, which reads differently, and of the dotless ı and dotted İ it would make one. */
const CASED = /[^ßẞıİ]/gu;

/**
 * Folds a local part for comparison, as UTS 46 maps a domain: NFKC_Casefold, but ß stays. RFC 5321 allows case to
 * matter, but no large provider does. Final sigma is sigma. It takes what has no invisible characters.
 */
export function foldLocalPart(localPart: string): string {
  // JavaScript has no case folding. Upper case first, because some characters have one that others lower to as well.
  const upper = localPart.normalize("NFKC").replaceAll(CASED, (character) => character.toUpperCase());
  return upper.toLowerCase().replaceAll("ς", "σ").normalize("NFKC");
}
