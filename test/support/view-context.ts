import { readFileSync } from "node:fs";
import Handlebars from "handlebars";
import { listViews } from "../../src/language/views.ts";

export const VIEWS = new URL("../../views/", import.meta.url);

/** Where names are looked up: a path from the top of the context, or undefined where nothing tells it. */
type Scope = string | undefined;
type Read = (name: string) => void;

function programOf(name: string) {
  return Handlebars.parse(readFileSync(new URL(`${name}.hbs`, VIEWS), "utf8"));
}

const isPath = (node: hbs.AST.Node): node is hbs.AST.PathExpression => node.type === "PathExpression";

/** Follows a template through its blocks, and tells which names of the context it reads. */
class Reader extends Handlebars.Visitor {
  scopes: Scope[] = [""];
  readonly read: Read;
  /** By the names of partials. */
  readonly includes = new Map<string, Set<string>>();

  constructor(read: Read) {
    super();
    this.read = read;
  }

  resolve({ original, depth, data, parts }: hbs.AST.PathExpression): Scope {
    if (data) return original.startsWith("@root.") ? original.slice("@root.".length) : undefined;
    const scope = this.scopes.at(-1 - depth);
    if (scope === undefined) return undefined;
    return [scope, ...parts].filter((part) => part !== "").join(".");
  }

  override PathExpression(path: hbs.AST.PathExpression) {
    const name = this.resolve(path);
    if (name) this.read(name);
  }

  /** What is called is a helper, and no name of the context. */
  call({ path, params, hash }: hbs.AST.MustacheStatement | hbs.AST.SubExpression | hbs.AST.BlockStatement) {
    if (isPath(path) && (params.length > 0 || hash)) {
      this.acceptArray(params);
      if (hash) this.accept(hash);
    } else {
      this.accept(path);
    }
  }

  override MustacheStatement(node: hbs.AST.MustacheStatement) {
    this.call(node);
  }

  override SubExpression(node: hbs.AST.SubExpression) {
    this.call(node);
  }

  override BlockStatement(block: hbs.AST.BlockStatement) {
    this.call(block);
    const [param] = block.params;
    const moves = isPath(block.path) && ["each", "with"].includes(block.path.original);
    if (moves) this.scopes.push(param && isPath(param) ? this.resolve(param) : undefined);
    this.accept(block.program);
    if (moves) this.scopes.pop();
    if (block.inverse) this.accept(block.inverse);
  }

  /** A partial reads what it is given by name, and for the rest what its includer has. */
  include({ name, params, hash }: hbs.AST.PartialStatement | hbs.AST.PartialBlockStatement) {
    this.acceptArray(params);
    if (hash) this.accept(hash);
    if (!isPath(name) || name.data) return;
    const given = new Map((hash?.pairs ?? []).map(({ key, value }) => [key, value]));
    for (const read of readsOf(`partials/${name.original}`)) {
      const [first = "", ...rest] = read.split(".");
      const value = given.get(first);
      const from = value ? isPath(value) && this.resolve(value) : [this.scopes.at(-1), first].filter(Boolean).join(".");
      if (from) this.read([from, ...rest].join("."));
    }
  }

  override PartialStatement(node: hbs.AST.PartialStatement) {
    this.include(node);
  }

  override PartialBlockStatement(node: hbs.AST.PartialBlockStatement) {
    this.include(node);
    this.accept(node.program);
  }
}

/** The names of its context that a view reads, those of its partials too, as in `email.value`; in lists, of each entry. */
export function readsOf(name: string): string[] {
  const names = new Set<string>();
  new Reader((read) => names.add(read)).accept(programOf(name));
  const all = [...names];
  return all.filter((one) => !all.some((other) => other.startsWith(`${one}.`))).toSorted();
}

/** Fields look for them wherever they stand. Only the page that signs in gives the one, and partials the other. */
const OF_FIELDS = ["hint", "isPairWrong"];

/** What README says of each view: the names that it gets, those of one object together. The two of an email are one. */
export function contextOfViews(): Map<string, string> {
  const reads = new Map<string, string[]>();
  for (const file of listViews(VIEWS)) {
    const [, name = "", view = ""] = /^(((?:emails|layouts|pages|partials)\/[\w/-]+)(?:\.\w+)?)\.hbs$/.exec(file) ?? [];
    if (!name) continue;
    const found = readsOf(name).filter((read) => name.startsWith("partials/") || !OF_FIELDS.includes(read));
    reads.set(view, [...new Set([...(reads.get(view) ?? []), ...found])]);
  }
  return new Map([...reads].map(([view, names]) => [view, written(names)]));
}

function groupBy(names: string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const prefix = name.slice(0, name.lastIndexOf(".") + 1);
    groups.set(prefix, [...(groups.get(prefix) ?? []), name]);
  }
  return groups;
}

function written(names: string[]): string {
  const groups = groupBy(names.toSorted());
  const groupsInOrder = [...groups].toSorted(([one], [other]) => (one < other ? -1 : 1));
  const all = groupsInOrder.flatMap(([prefix, group]) => {
    const leaves = group.map((name) => name.slice(prefix.length));
    return prefix && leaves.length > 1 ? [`${prefix}{${leaves.join(", ")}}`] : group;
  });
  return all.map((name) => `\`${name}\``).join(", ") || "–";
}
