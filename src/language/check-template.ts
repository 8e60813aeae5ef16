import Handlebars from "handlebars";
import english from "../../views/locales/en.json" with { type: "json" };
import type { Problem } from "./check-catalogue.ts";
import { isMessageKey } from "./language.ts";
import { namesOf } from "./names.ts";
import { variablesOf } from "./variables.ts";

/** What a template may use: emails have neither partials nor the helpers of pages. The names are those of variables. */
export type Vocabulary = { helpers: readonly string[]; partials: readonly string[]; names: ReadonlySet<string> };

/** Handlebars' own. */
const BUILT_IN = ["if", "unless", "each", "with", "lookup", "log"];
const SENTENCE = ["t", "markup"];

type Call = hbs.AST.MustacheStatement | hbs.AST.SubExpression | hbs.AST.BlockStatement;

function nameOf(node: hbs.AST.Node): string {
  return "original" in node ? String(node.original) : "";
}

/** A sentence by its key, with a value for each of its variables. */
function checkSentence({ params: [key], hash }: Call): string | undefined {
  if (key?.type !== "StringLiteral") return undefined;
  const name = nameOf(key);
  if (!isMessageKey(name)) return `there is no sentence ${name}`;
  const given = (hash?.pairs ?? []).map((pair) => pair.key);
  const missing = variablesOf(english[name]).filter((variable) => !given.includes(variable));
  return missing.length > 0 ? `the sentence ${name} needs ${missing.join(", ")}` : undefined;
}

function hasArguments({ params, hash }: Call): boolean {
  return params.length > 0 || (hash?.pairs.length ?? 0) > 0;
}

function checkCall(call: Call, helpers: readonly string[]): string | undefined {
  const name = nameOf(call.path);
  if (hasArguments(call) && !helpers.includes(name)) return `there is no helper ${name} here`;
  return SENTENCE.includes(name) ? checkSentence(call) : undefined;
}

function checkPartial({ name }: { name: hbs.AST.PathExpression | hbs.AST.SubExpression }, partials: readonly string[]) {
  const partial = nameOf(name);
  const isKnown = partial.startsWith("@") || name.type === "SubExpression" || partials.includes(partial);
  return isKnown ? undefined : `there is no partial ${partial} here`;
}

function checkNames(root: hbs.AST.Program, { helpers, partials, names }: Vocabulary): Problem[] {
  const problems: Problem[] = [];
  const note = (node: hbs.AST.Node, reason: string | undefined) => {
    if (reason !== undefined) problems.push({ line: node.loc.start.line, reason });
  };
  const known = [...BUILT_IN, ...helpers];
  class Check extends Handlebars.Visitor {
    /** Its arguments, and without any its own path, which may be a variable then. */
    call(node: Call) {
      note(node, checkCall(node, known));
      this.acceptArray(node.params);
      if (node.hash) this.accept(node.hash);
      if (!hasArguments(node) && !known.includes(nameOf(node.path))) this.accept(node.path);
    }
    include(node: hbs.AST.PartialStatement | hbs.AST.PartialBlockStatement) {
      note(node, checkPartial(node, partials));
      this.acceptArray(node.params);
      if (node.hash) this.accept(node.hash);
    }
    override PathExpression(path: hbs.AST.PathExpression) {
      const unknown = namesOf(path).find((name) => !names.has(name));
      note(path, unknown === undefined ? undefined : `there is no variable ${unknown} in any view`);
    }
    override MustacheStatement(node: hbs.AST.MustacheStatement) {
      this.call(node);
    }
    override SubExpression(node: hbs.AST.SubExpression) {
      this.call(node);
    }
    override BlockStatement(node: hbs.AST.BlockStatement) {
      this.call(node);
      this.accept(node.program);
      if (node.inverse) this.accept(node.inverse);
    }
    override PartialStatement(node: hbs.AST.PartialStatement) {
      this.include(node);
    }
    override PartialBlockStatement(node: hbs.AST.PartialBlockStatement) {
      this.include(node);
      this.accept(node.program);
    }
  }
  new Check().accept(root);
  return problems;
}

/** Handlebars says the line in its sentence, or at its end where blocks do not match. Its last line says what is wrong. */
function toProblem(error: unknown): Problem {
  const message = error instanceof Error ? error.message : String(error);
  const [, line] = /on line (\d+)|- (\d+):\d+$/.exec(message)?.filter((part) => part !== undefined) ?? [];
  return { line: Number(line ?? 1), reason: `it is no template: ${message.split("\n").at(-1)}` };
}

/** Checks a template of Handlebars: whether it can be read, and whether all that it names is there. */
export function checkTemplate(text: string, vocabulary: Vocabulary): Problem[] {
  let root: hbs.AST.Program;
  try {
    root = Handlebars.parse(text);
  } catch (error) {
    return [toProblem(error)];
  }
  return checkNames(root, vocabulary);
}
