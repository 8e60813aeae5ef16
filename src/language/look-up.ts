import { lookup } from "bcp-47-match";

/** More than any browser sends. */
const MOST_RANGES = 50;
/** A range with its weight (RFC 9110 sections 12.4.2 and 12.5.4). */
const WEIGHTED = /^\s*([a-z\d-]{1,35}|\*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?$/i;

/**
 * Names the script of a tag that names none: the one that the language is likely written in there (UTS #35, Likely
 * Subtags). So `zh-TW` becomes `zh-Hant-TW`, and a look-up never leads to a script that the reader may not read.
 * @returns undefined for what is no tag.
 */
export function withScript(tag: string): string | undefined {
  try {
    const locale = new Intl.Locale(tag);
    const others = locale.baseName.split("-").slice(locale.script ? 2 : 1);
    return [locale.language, locale.maximize().script ?? "Zyyy", ...others].join("-");
  } catch {
    return undefined;
  }
}

function parseRanges(acceptLanguage: string) {
  return acceptLanguage.split(",", MOST_RANGES).flatMap((part) => {
    const [, range = "", weight = "1"] = WEIGHTED.exec(part) ?? [];
    const scripted = withScript(range);
    return scripted ? [{ range: scripted, weight: Number(weight) }] : [];
  });
}

function isWithin(tag: string, range: string) {
  return `${tag}-`.startsWith(`${range}-`);
}

/**
 * Looks up what suits a reader best (RFC 4647 section 3.4): of ranges by their weights, `de-AT` finds `de`. A weight of 0
 * excludes, and `*` finds nothing that the default would not.
 * @param offered tags as `withScript` gives them. @param acceptLanguage as in the header field. @returns one of `offered`;
 * undefined where none suits.
 */
export function lookUp(offered: readonly string[], acceptLanguage: string): string | undefined {
  const ranges = parseRanges(acceptLanguage);
  const excluded = ranges.filter(({ weight }) => weight === 0);
  const allowed = offered.filter((tag) => !excluded.some(({ range }) => isWithin(tag, range)));
  const wanted = ranges.filter(({ weight }) => weight > 0).toSorted((a, b) => b.weight - a.weight);
  const ordered = wanted.map(({ range }) => range);
  // It takes the first that is a range or what is left of it, so that `de-AT` has to come before `de`.
  const found = lookup(
    allowed.toSorted((a, b) => b.length - a.length),
    ordered,
  );
  return found ?? (excluded.length > 0 ? allowed[0] : undefined);
}
