import Handlebars from "handlebars";

/** Words that are no names of a view's own: what is looked at, how long a list is, and places in it. */
const HANDLEBARS_OWN = /^(?:this|length|\d+)$/;

/** @returns the names by which a path looks something up, one for each of its steps. `@index` and the like have none. */
export function namesOf({ data, parts }: hbs.AST.PathExpression): string[] {
  return data ? [] : parts.map(String).filter((part) => !HANDLEBARS_OWN.test(part));
}

/** Collects all names that a template uses, and those that it gives to what it includes or to the entries of a list. */
class Names extends Handlebars.Visitor {
  readonly used = new Set<string>();
  readonly given = new Set<string>();

  override PathExpression(path: hbs.AST.PathExpression) {
    for (const name of namesOf(path)) this.used.add(name);
  }

  override Hash(hash: hbs.AST.Hash) {
    for (const { key } of hash.pairs) this.given.add(key);
    super.Hash(hash);
  }

  override Program(program: hbs.AST.Program) {
    for (const name of program.blockParams ?? []) this.given.add(name);
    super.Program(program);
  }
}

/** Tells which names a template uses and gives. @returns none for one that cannot be read. */
export function namesIn(text: string): { used: ReadonlySet<string>; given: ReadonlySet<string> } {
  const names = new Names();
  try {
    names.accept(Handlebars.parse(text));
  } catch {
    // What checks the template says why.
  }
  return names;
}
