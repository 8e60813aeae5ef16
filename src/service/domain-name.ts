import { toASCII, toUnicode } from "tr46";

/** What a domain may be typed with: letters, digits, hyphens and dots, and beyond ASCII what prints and is not a space. */
const TYPED = /^(?:[a-z\d.-]|[^\0-\x7f])+$/i;
const PRINTING = /^[[\p{L}\p{M}\p{N}\p{P}\p{S}]--\p{Default_Ignorable_Code_Point}]+$/v;
const DOTS = /[.．。｡]/;

/** RFC 5892's PVALID characters, near enough after UTS 46 mapping, and those that CONTEXT_REFUSED looks at. */
const LABEL =
  /^[[\p{Lu}\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}\-ßς۽۾་〇·͵׳״・]--[ـߺ〮〯〱-〵〻ᄀ-ᇿꥠ-ꥼힰ-ퟻ\u20d0-\u20ff\u{1d100}-\u{1d24f}\p{Default_Ignorable_Code_Point}]]+$/v;

/** RFC 5892, appendix A.3 to A.9: characters that are allowed in some company only. */
const CONTEXT_REFUSED =
  /(?<!l)·|·(?!l)|͵(?!\p{Script=Greek})|(?<!\p{Script=Hebrew})[׳״]|^(?!.*[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]).*・|[٠-٩].*[۰-۹]|[۰-۹].*[٠-٩]/u;

/** RFC 6761, RFC 6762 and RFC 7686: no mail can be delivered to these. */
const SPECIAL_USE = /(?:^|\.)(?:arpa|invalid|local|localhost|onion|test)$/;

/** Some characters stand for several, a dot among them (⒈ for "1."): they would move the border between two labels. */
function hidesDot(character: string) {
  return !DOTS.test(character) && character.normalize("NFKC").includes(".");
}

function isLabel(label: string) {
  const ascii = toASCII(label, { checkBidi: true, checkHyphens: true, checkJoiners: true, useSTD3ASCIIRules: true, verifyDNSLength: true });
  return ascii !== null && LABEL.test(label) && !CONTEXT_REFUSED.test(label);
}

/**
 * Brings a domain that mail can be sent to into its one spelling on the wire: A-labels in lower case
 * (RFC 5890 to 5893 by way of UTS 46, non-transitional), so that `BÜCHER.de` and `xn--bcher-kva.de` become the same.
 * @returns the ASCII and the readable form, or undefined where the text is no such domain.
 */
export function parseDomain(typed: string): { ascii: string; unicode: string } | undefined {
  if (!TYPED.test(typed) || ![...typed].every((c) => c < "\x80" || PRINTING.test(c)) || [...typed].some(hidesDot)) return undefined;
  const { domain: unicode, error } = toUnicode(typed);
  const ascii = toASCII(unicode, { verifyDNSLength: true });
  if (error || ascii === null || !unicode.split(".").every(isLabel)) return undefined;
  const deliverable = ascii.includes(".") && /[a-z]$/.test(ascii) && !SPECIAL_USE.test(ascii);
  return deliverable ? { ascii, unicode } : undefined;
}

/** Octets: RFC 1035 section 2.3.4, without the dot of the root. */
const LONGEST = 253;

/** A domain in the letters that people would write it in. What is not in its wire form stays as it is. */
export function readableDomain(domain: string): string {
  if (domain.length > LONGEST || !/xn--/i.test(domain)) return domain;
  const { domain: unicode, error } = toUnicode(domain);
  return error ? domain : unicode;
}
