import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { REFUSALS } from "../../src/http/refusals.ts";
import { isMessageKey } from "../../src/language/language.ts";
import { PROPERTIES } from "../../src/language/problems.ts";
import { variablesOf } from "../../src/language/variables.ts";
import english from "../../views/locales/en.json" with { type: "json" };

const ROOT = join(import.meta.dirname, "../..");

const catalogue: Record<string, string> = english;
const keys = Object.keys(catalogue).filter((key) => !PROPERTIES.includes(key));

function read(folder: string, ending: RegExp) {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => ending.test(name))
    .map((name) => ({ name: join(folder, name), text: readFileSync(join(ROOT, folder, name), "utf8") }));
}

const views = read("views", /\.hbs$/);
const sources = read("src", /\.ts$/);

/** `{{t "key" name=value}}`, also as a subexpression. */
const IN_VIEW = /[{(](?:t|markup) "([^"]+)"([^})]*)/g;
/** `text("key", { name })` and `{ key: "key", values: { name } }`. */
const IN_SOURCE = /(?:text\(|\bkey: )"([^"]+)"(?:,\s*(?:values: )?\{([^}]*)\})?/g;

type Use = { file: string; key: string; names: string[] };

function findUses(files: { name: string; text: string }[], pattern: RegExp, name: RegExp): Use[] {
  return files.flatMap(({ name: file, text }) =>
    [...text.matchAll(pattern)].map(([, key = "", given = ""]) => ({
      file,
      key,
      names: [...given.matchAll(name)].map(([, variable = ""]) => variable),
    })),
  );
}

const uses = [
  ...findUses(views, IN_VIEW, /(\w+)=/g),
  ...findUses(sources, IN_SOURCE, /(?:^|,)\s*(\w+)/g).filter(({ key }) => key.includes(".")),
];

/** The keys that the code makes of a refusal's code. */
const OF_REFUSALS = Object.keys(REFUSALS).flatMap((code) => [`refusal.${code}`, `refusal.${code}.title`]);

function ofEnglish(key: string) {
  return variablesOf(catalogue[key] ?? "");
}

/** What is left of a view without its helpers and its tags, but with what people read in attributes. */
function literalText(view: string) {
  const withoutHelpers = view.replaceAll(/\{\{\{?[^}]*\}?\}\}/g, "");
  const attributes = [...withoutHelpers.matchAll(/\s(?:alt|title|placeholder|aria-label|value)="([^"]*)"/g)];
  const withoutTags = withoutHelpers.replaceAll(/<[^>]*>/g, "").replaceAll(/\baria-\w+="[^"]*"/g, "");
  return [withoutTags, ...attributes.map(([, text]) => text)].join(" ");
}

describe("the catalogue of words", () => {
  it("has every key that a view or the code names", () => {
    expect(uses.filter(({ key }) => !isMessageKey(key))).to.deep.equal([]);
    expect(uses.length).to.be.greaterThan(80);
  });

  it("has no key that nothing names", () => {
    const named = [...views, ...sources].map(({ text }) => text).join("\n");
    const unused = keys.filter((key) => !named.includes(`"${key}"`) && !OF_REFUSALS.includes(key));
    expect(unused).to.deep.equal([]);
  });

  it("has no key beyond those of the refusals there are", () => {
    const ofNone = keys.filter((key) => key.startsWith("refusal.") && !OF_REFUSALS.includes(key));
    expect(ofNone).to.deep.equal([]);
  });

  it("names in each sentence exactly the variables that its user gives", () => {
    const wrong = uses
      .map((use) => ({ ...use, names: use.names.toSorted(), needs: ofEnglish(use.key) }))
      .filter(({ names, needs }) => names.join() !== needs.join());
    expect(wrong).to.deep.equal([]);
  });

  it("names in the sentence of a refusal only its time to wait and its tries", () => {
    const given: Record<string, string[]> = {
      "refusal.rate_limited": ["wait"],
      "refusal.busy": ["wait"],
      "refusal.unavailable": ["wait"],
      "refusal.code_refused": ["triesLeft"],
      "refusal.password_required": ["triesLeft"],
    };
    for (const key of OF_REFUSALS.filter(isMessageKey)) {
      expect(ofEnglish(key), key).to.deep.equal(given[key] ?? []);
    }
  });

  it("is the only place with words: a view has none", () => {
    const words = views.map(({ name, text }) => ({
      name,
      words: literalText(text).match(/\p{L}+/gu),
    }));
    expect(words.filter(({ words }) => words !== null)).to.deep.equal([]);
  });
});
