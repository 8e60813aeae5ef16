import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

const ROOT = join(import.meta.dirname, "../..");

function read(folder: string, ending: RegExp) {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => ending.test(name))
    .map((name) => ({ name: join(folder, name), text: readFileSync(join(ROOT, folder, name), "utf8") }));
}

/** Declarations that mean a side of the page, and not the one where a line begins or ends. */
const OF_A_SIDE =
  /(?:^|[;{\s"])(?:(?:margin|padding|border|scroll-margin|inset)-(?:left|right)[\w-]*|left|right|border-(?:top|bottom)-(?:left|right)-radius)\s*:|(?:text-align|float|clear|caption-side)\s*:\s*(?:left|right)/;

/** `margin: 1px 2px 3px 4px` with another right than left. */
function isUneven(declaration: string) {
  const [, values = ""] = /(?:margin|padding|inset|border-width)\s*:\s*([^;"}]+)/.exec(declaration) ?? [];
  const [, right, , left] = values
    .replaceAll(/\([^)]*\)/g, "x")
    .trim()
    .split(/\s+/);
  return left !== undefined && right !== left;
}

describe("what is written from right to left", () => {
  const styled = [...read("public", /\.css$/), ...read("views", /\.hbs$/)];

  it("has no style that means the left or the right", () => {
    const lines = styled.flatMap(({ name, text }) => text.split("\n").map((line) => `${name}: ${line.trim()}`));
    expect(lines.filter((line) => OF_A_SIDE.test(line) || line.split(";").some(isUneven))).to.deep.equal([]);
    expect(lines.length).to.be.greaterThan(500);
  });

  it("has every link that is written out, and every code, from left to right", () => {
    const views = styled.filter(({ name }) => name.endsWith(".html.hbs"));
    const links = views.flatMap(({ text }) => text.match(/<a [^>]*>\{\{\{\w+\}\}\}<\/a>/g) ?? []);
    expect(links.length).to.be.greaterThan(5);
    expect(links.filter((link) => !link.includes('dir="ltr"'))).to.deep.equal([]);
    expect(
      views.filter(({ text }) => text.includes("{{code}}")).map(({ text }) => /<span dir="ltr">\{\{code/.test(text)),
    ).to.deep.equal([true]);
  });
});
