import { readFileSync } from "node:fs";
import { expect } from "chai";
import { availableCores } from "../../src/config/cores.ts";
import { environment } from "../../src/config/environment.ts";

const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

/** The rows of README's table, by setting, each with its default as it is written there. */
function readmeDefaults() {
  const [, section = ""] = /\n## Settings\n([\s\S]*?)\n## /.exec(README) ?? [];
  return [...section.matchAll(/^\| `([A-Z_]+)` \| ([^|]+) \|/gm)].map(
    ([, name = "", value = ""]) => [name, value] as const,
  );
}

/** Seconds as README and the environment write them. */
function duration(seconds: number) {
  for (const [unit, size] of [
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
  ] as const) {
    if (seconds % size === 0) return `${seconds / size}${unit}`;
  }
  return `${seconds}s`;
}

/** How README writes a value of the schema: `*none*` for what is not set or names nothing. */
function written(name: string, value: unknown): string {
  if (name === "HASH_CONCURRENCY" && value === availableCores()) return "*the cores*";
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return "*none*";
  if (typeof value === "object" && value !== null && "count" in value && "seconds" in value)
    return `\`${value.count}/${duration(Number(value.seconds))}\``;
  if (name === "BRAND_COLOR") {
    const { light, dark } = environment.parse({}).BRAND_COLOR;
    return `\`${light.accent},${dark.accent}\``;
  }
  return `\`${value}\``;
}

describe("README's table of settings", () => {
  const rows = readmeDefaults();
  const defaults = new Map<string, unknown>(Object.entries(environment.parse({})));
  const settings = Object.keys(environment.shape);

  it("has one row for every setting, and none for anything else", () => {
    expect(rows.map(([name]) => name).toSorted()).to.deep.equal(settings.toSorted());
  });

  for (const name of settings) {
    it(`gives the default of ${name}`, () => {
      expect(new Map(rows).get(name)).to.equal(written(name, defaults.get(name)));
    });
  }
});

describe("a table in a document", () => {
  for (const name of ["README.md", "SECURITY.md", "CONTRIBUTING.md"]) {
    it(`is whole in ${name}: no row stands apart from its head`, () => {
      const text = readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
      const tables = text.split(/\n{2,}/).filter((paragraph) => paragraph.startsWith("|"));
      expect(tables).not.to.deep.equal([]);
      for (const table of tables) expect(table).to.match(/^\|.*\|\n\|[-|]+\|\n/);
    });
  }
});
