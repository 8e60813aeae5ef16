import { toASCII, toUnicode } from "tr46";
import { HIDDEN } from "./invisible.ts";

const TYPED = /^(?:[a-z\d.-]|[^\0-\x7f])+$/i;
const PRINTING = new RegExp(String.raw`^[[\p{L}\p{M}\p{N}\p{P}\p{S}]--${HIDDEN}]+$`, "v");
const DOTS = /[.．。｡]/;

/** RFC 5892's PVALID characters, approximately, after UTS 46 mapping, and those that CONTEXT_REFUSED tests. */
const LETTERS = String.raw`\p{Lu}\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}\-ßς۽۾་〇·͵׳״・`;
const EXCEPTIONS = String.raw`ـߺ〮〯〱-〵〻ᄀ-ᇿꥠ-ꥼힰ-ퟻ\u20d0-\u20ff\u{1d100}-\u{1d24f}${HIDDEN}`;
const LABEL = new RegExp(`^[[${LETTERS}]--[${EXCEPTIONS}]]+$`, "v");

/** RFC 5892, appendix A.3 to A.9: characters that are only allowed beside certain others. */
const CONTEXT_REFUSED = new RegExp(
  [
    "(?<!l)·",
    "·(?!l)",
    String.raw`͵(?!\p{Script=Greek})`,
    String.raw`(?<!\p{Script=Hebrew})[׳״]`,
    String.raw`^(?!.*[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]).*・`,
    "[٠-٩].*[۰-۹]",
    "[۰-۹].*[٠-٩]",
  ].join("|"),
  "u",
);

/** RFC 6761, RFC 6762 and RFC 7686: no email can be delivered to these. */
const SPECIAL_USE = /(?:^|\.)(?:arpa|invalid|local|localhost|onion|test)$/;

/** Some characters map to several, a dot among them (⒈ to "1."), which would add a label. */
function mapsToDot(character: string) {
  return !DOTS.test(character) && character.normalize("NFKC").includes(".");
}

/** RFC 1035 section 2.3.4. */
const LABEL_OCTETS = 63;
const DOMAIN_OCTETS = 253;

function isLabel(label: string) {
  // No ASCII form has fewer octets than the label has characters, and encoding takes time by the square of them.
  if ([...label].length > LABEL_OCTETS) return false;
  const ascii = toASCII(label, {
    checkBidi: true,
    checkHyphens: true,
    checkJoiners: true,
    useSTD3ASCIIRules: true,
    verifyDNSLength: true,
  });
  return ascii !== null && LABEL.test(label) && !CONTEXT_REFUSED.test(label);
}

/**
 * Parses a domain that can receive email into lower-case A-labels (RFC 5890 to 5893, UTS 46 non-transitional). What it
 * gets must be short: one character may map to 18.
 */
export function parseDomain(typed: string): { ascii: string; unicode: string } | undefined {
  if (!TYPED.test(typed) || ![...typed].every((c) => c < "\x80" || PRINTING.test(c)) || [...typed].some(mapsToDot))
    return undefined;
  const { domain: unicode, error } = toUnicode(typed);
  if (error || !unicode.split(".").every(isLabel)) return undefined;
  const ascii = toASCII(unicode, { verifyDNSLength: true });
  if (ascii === null) return undefined;
  const deliverable = ascii.includes(".") && /[a-z]$/.test(ascii) && !SPECIAL_USE.test(ascii);
  return deliverable ? { ascii, unicode } : undefined;
}

/** A domain in Unicode, as people write it. A text that is no A-label form is returned unchanged. */
export function readableDomain(domain: string): string {
  if (Buffer.byteLength(domain) > DOMAIN_OCTETS || !/xn--/i.test(domain)) return domain;
  const { domain: unicode, error } = toUnicode(domain);
  return error ? domain : unicode;
}
