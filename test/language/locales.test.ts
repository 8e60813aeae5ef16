import { readFileSync } from "node:fs";
import { expect } from "chai";
import { tagsIn } from "../../src/language/catalogue.ts";
import { isMessageKey } from "../../src/language/language.ts";
import { loadLanguages } from "../../src/language/languages.ts";
import type { MessageValues } from "../../src/language/message.ts";
import { PROPERTIES, problemsOf } from "../../src/language/problems.ts";
import { variablesOf } from "../../src/language/variables.ts";
import english from "../../views/locales/en.json" with { type: "json" };

const FOLDER = new URL("../../views/locales/", import.meta.url);
const KEYS = Object.keys(english).filter((key) => !PROPERTIES.includes(key));
/** Of the sentence that shows how strong a password is, from very weak to very strong. */
const STRENGTHS = 5;

function read(tag: string): Record<string, string> {
  return JSON.parse(readFileSync(new URL(`${tag}.json`, FOLDER), "utf8"));
}

/** The forms that a language has for numbers of things. Those of millions alone (`many` in French) are never asked for. */
function pluralForms(locale: string): string[] {
  const rules = new Intl.PluralRules(locale);
  return [...new Set(Array.from({ length: 1000 }, (_, count) => rules.select(count)))];
}

function formsIn(sentence: string): string[][] {
  return [...sentence.matchAll(/\{\s*\w+\s*,\s*plural\s*,((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}/g)].map(
    ([, options = ""]) => [...options.matchAll(/([=\w]+)\s*\{/g)].map(([, form = ""]) => form),
  );
}

for (const tag of tagsIn([FOLDER])) {
  describe(`the catalogue ${tag}.json`, () => {
    const words = read(tag);
    const language = loadLanguages([FOLDER], "Foyer", [tag]).byDefault;

    it("has every sentence, no other, and in each the same variables and markup as in English", () => {
      expect(problemsOf(words, english, tag, KEYS)).to.deep.equal([]);
    });

    it("formats every sentence", () => {
      for (const key of KEYS.filter(isMessageKey)) {
        for (const count of [0, 1, 2, 5, 11, 100]) {
          const values: MessageValues = Object.fromEntries(variablesOf(english[key]).map((name) => [name, count]));
          expect(language.text(key, values), key).to.match(/\S/).and.not.match(/[{}]/);
        }
      }
    });

    it("has all forms of a plural that the language has", () => {
      const needed = pluralForms(words["locale"] ?? "");
      for (const key of KEYS) {
        for (const forms of formsIn(words[key] ?? "")) {
          // A sentence may say one without the number, and hardly any speaks of none.
          const exact = forms.includes("=1") ? ["one"] : [];
          expect([...forms, ...exact], key).to.include.members(needed.filter((form) => form !== "zero"));
        }
      }
    });

    it("has a word for each strength of a password", () => {
      expect(words["password.meter.words"]?.split("|")).to.have.length(STRENGTHS);
    });

    it("writes a list as alternatives, and a time in UTC by that name", () => {
      const allowed = ["example.com", "example.org"];
      expect(language.text("email.other_domain", { allowed })).to.match(/example\.com.+example\.org/);
      expect(language.time(new Date("2026-11-26T10:00:00Z"))).to.include("UTC");
    });

    it("gives the language's name for itself", () => {
      const own = new Intl.DisplayNames([tag], { type: "language" }).of(tag);
      expect(words["name"]?.toLowerCase()).to.equal(own?.toLowerCase());
    });
  });
}
