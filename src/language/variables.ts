import { IntlMessageFormat } from "intl-messageformat";

type Node = ReturnType<IntlMessageFormat["getAst"]>[number];

/** An element of literal text (`TYPE.literal` of the parser). */
const LITERAL = 0;

function variablesIn(nodes: readonly Node[]): string[] {
  return nodes.flatMap((node) => {
    if (!("value" in node) || node.type === LITERAL) return [];
    const within = "options" in node ? Object.values(node.options).flatMap(({ value }) => variablesIn(value)) : [];
    return [node.value, ...within];
  });
}

/**
 * The variables that a sentence (ICU MessageFormat) needs, those within plurals too, but for `site`, which every sentence
 * has. @throws SyntaxError for what is no such sentence.
 */
export function variablesOf(sentence: string): string[] {
  const format = new IntlMessageFormat(sentence, "en", undefined, { ignoreTag: true });
  return [...new Set(variablesIn(format.getAst()))].filter((name) => name !== "site").toSorted();
}
