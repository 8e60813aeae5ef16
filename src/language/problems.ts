import { variablesOf } from "./variables.ts";

/** What describes a language itself; all others are sentences. */
export const PROPERTIES = ["lang", "locale", "dir", "name"];

/** The markup that a sentence has, each tag as often as it comes. */
function tagsOf(sentence: string): string {
  return (sentence.match(/<[^>]+>/g) ?? []).toSorted().join(" ");
}

/** What is wrong with a sentence. @param reference the English one. */
export function problemOfSentence(sentence: unknown, reference: string): string | undefined {
  if (typeof sentence !== "string" || sentence.trim() === "") return "expected words";
  try {
    const [given, expected] = [variablesOf(sentence), variablesOf(reference)].map((names) => names.join(", "));
    if (given !== expected) return `expected the variables (${expected}), not (${given})`;
  } catch (fault) {
    return `expected ICU MessageFormat: ${fault instanceof Error ? fault.message : fault}`;
  }
  const isPlural = /\{\s*\w+\s*,\s*plural/.test(reference);
  return isPlural || tagsOf(sentence) === tagsOf(reference) ? undefined : "expected the same markup as in English";
}

function problemsOfProperties(words: Record<string, unknown>, tag: string): string[] {
  const problems: string[] = [];
  if (words["lang"] !== tag) problems.push(`lang: expected ${tag}`);
  if (words["dir"] !== "ltr" && words["dir"] !== "rtl") problems.push("dir: expected ltr or rtl");
  if (typeof words["name"] !== "string" || !words["name"]) problems.push("name: expected the language's own name");
  try {
    new Intl.Locale(String(words["locale"]));
  } catch {
    problems.push("locale: expected how numbers and times are written, such as de-DE");
  }
  return problems;
}

/**
 * What is wrong with a language's sentences. @param reference those of English. @param tag of the language. @param checked
 * the keys whose sentences are looked at, which takes a while; of all others only that they are there.
 */
export function problemsOf(
  words: Readonly<Record<string, unknown>>,
  reference: Readonly<Record<string, string>>,
  tag: string,
  checked: readonly string[],
): string[] {
  const missing = Object.keys(reference).filter((key) => !Object.hasOwn(words, key));
  const unknown = Object.keys(words).filter((key) => !Object.hasOwn(reference, key));
  const wrong = checked.flatMap((key) => {
    const problem = PROPERTIES.includes(key) ? undefined : problemOfSentence(words[key], reference[key] ?? "");
    return problem && !unknown.includes(key) ? [`${key}: ${problem}`] : [];
  });
  return [
    ...(missing.length > 0 ? [`lacks ${missing.join(", ")}`] : []),
    ...(unknown.length > 0 ? [`has what nothing asks for: ${unknown.join(", ")}`] : []),
    ...(missing.length > 0 ? [] : problemsOfProperties(words, tag)),
    ...wrong,
  ];
}
