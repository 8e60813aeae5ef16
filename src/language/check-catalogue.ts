import { type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import english from "../../views/locales/en.json" with { type: "json" };
import { isMessageKey } from "./language.ts";
import { PROPERTIES, problemOfSentence } from "./problems.ts";
import { variablesOf } from "./variables.ts";

/** What is wrong with a file, and where: lines count from 1. */
export type Problem = { line: number; reason: string };

function problemOf(key: string, value: unknown): string | undefined {
  if (!isMessageKey(key)) return `there is no sentence ${key}`;
  if (typeof value !== "string") return `${key} is not a text`;
  const given = variablesOf(english[key]);
  try {
    const unknown = variablesOf(value).filter((name) => !given.includes(name));
    if (unknown.length > 0) return `${key} has no variable ${unknown.join(", ")}`;
  } catch (error) {
    return `${key} is no sentence in ICU MessageFormat: ${error instanceof Error ? error.message : error}`;
  }
  const problem = PROPERTIES.includes(key) ? undefined : problemOfSentence(value, english[key]);
  return problem && `${key}: ${problem}`;
}

/** Checks a file of sentences, or of some of them, by the English ones. */
export function checkCatalogue(text: string): Problem[] {
  const lineAt = (offset: number) => text.slice(0, offset).split("\n").length;
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true });
  const [broken] = errors;
  if (broken) return [{ line: lineAt(broken.offset), reason: `it is no JSON: ${printParseErrorCode(broken.error)}` }];
  if (root?.type !== "object") return [{ line: 1, reason: "it is no object of sentences" }];
  return (root.children ?? []).flatMap(({ offset, children }: Node) => {
    const [key, value] = children ?? [];
    const reason = problemOf(String(key?.value), value?.value);
    return reason === undefined ? [] : [{ line: lineAt(offset), reason }];
  });
}
