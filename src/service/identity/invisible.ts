/** Blanks, fillers, joiners and selectors that have none of these properties, and a placeholder (U+FFFC). */
const OTHERS = String.raw`\u2800\u2d7f\ufffc\u{1107f}\u{13441}\u{13442}\u{16fe4}\u{1bc9d}\u{1d159}`;

/** A class for regular expressions: every character that renders as nothing, a plain space among them. */
export const HIDDEN = String.raw`[\s\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}${OTHERS}]`;

const IS_HIDDEN = new RegExp(`^${HIDDEN}$`, "u");
const WITHIN_HIDDEN = new RegExp(`^${HIDDEN}*((?!${HIDDEN}).(?:.*(?!${HIDDEN}).)?)`, "su");
const ALL_HIDDEN = new RegExp(HIDDEN, "gu");

/** Removes invisible characters from both ends of a text, where pasting from other programs adds them. */
export function trimInvisible(text: string): string {
  return WITHIN_HIDDEN.exec(text)?.[1] ?? "";
}

/** Whether a character is invisible. A plain space does not count. */
export function isInvisible(character: string): boolean {
  return character !== " " && IS_HIDDEN.test(character);
}

export function withoutInvisible(text: string): string {
  return text.replaceAll(ALL_HIDDEN, "");
}

const NAMES: Record<string, string> = {
  "\t": "tab",
  "\n": "line break",
  "\r": "line break",
  "\u0085": "line break",
  "\u00a0": "no-break space",
  "\u00ad": "soft hyphen",
  "\u034f": "combining grapheme joiner",
  "\u061c": "Arabic letter mark",
  "\u115f": "Hangul choseong filler",
  "\u1160": "Hangul jungseong filler",
  "\u180e": "Mongolian vowel separator",
  "\u2007": "figure space",
  "\u2009": "thin space",
  "\u200a": "hair space",
  "\u200b": "zero width space",
  "\u200c": "zero width non-joiner",
  "\u200d": "zero width joiner",
  "\u200e": "left-to-right mark",
  "\u200f": "right-to-left mark",
  "\u2028": "line separator",
  "\u2029": "paragraph separator",
  "\u202a": "left-to-right embedding",
  "\u202b": "right-to-left embedding",
  "\u202c": "pop directional formatting",
  "\u202d": "left-to-right override",
  "\u202e": "right-to-left override",
  "\u202f": "narrow no-break space",
  "\u2060": "word joiner",
  "\u2066": "left-to-right isolate",
  "\u2067": "right-to-left isolate",
  "\u2068": "first strong isolate",
  "\u2069": "pop directional isolate",
  "\u2800": "braille pattern blank",
  "\u3000": "ideographic space",
  "\u3164": "Hangul filler",
  "\ufe0e": "variation selector-15",
  "\ufe0f": "variation selector-16",
  "\ufeff": "zero width no-break space",
};

/** An invisible character by its code point, with its name if it is a common one: `zero width space, U+200B`. */
export function describeInvisible(character: string): string {
  const number = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  const name = NAMES[character];
  return name ? `${name}, ${number}` : number;
}
