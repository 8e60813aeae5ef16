import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { createFoyer } from "../../src/foyer.ts";
import { LanguageError } from "../../src/language/catalogue.ts";
import { loadLanguages } from "../../src/language/languages.ts";
import english from "../../views/locales/en.json" with { type: "json" };

const GERMAN = { ...english, lang: "de", locale: "de-DE", name: "Deutsch" };

function folderOf(files: Record<string, object>): URL {
  const folder = mkdtempSync(join(tmpdir(), "foyer-locales-"));
  for (const [name, words] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(words));
  return pathToFileURL(`${folder}/`);
}

describe("the languages that are offered", () => {
  const OWN = folderOf({ "en.json": english });
  const added = folderOf({ "de.json": GERMAN, "ja.json": { ...GERMAN, lang: "ja" } });
  const tagsOf = (tags?: string[]) => loadLanguages([OWN, added], "Foyer", tags).all.map(({ lang }) => lang);

  it("are all that there are, English first, where none are named", () => {
    expect(tagsOf()).to.include.members(["en", "de", "ja"]);
    expect(tagsOf()[0]).to.equal("en");
  });

  it("are those that are named, in that order, and the first is the default", () => {
    expect(tagsOf(["ja", "de"])).to.deep.equal(["ja", "de"]);
    const { byDefault, of, lookUp } = loadLanguages([OWN, added], "Foyer", ["ja", "de"]);
    expect([byDefault, of("en"), of(null), of("de")].map(({ lang }) => lang)).to.deep.equal(["ja", "ja", "ja", "de"]);
    expect(lookUp("en")).to.equal(undefined);
  });

  it("may have some of their words changed by a later folder", () => {
    const changed = folderOf({ "en.json": { "sign_in.title": "Log in" } });
    const { text } = loadLanguages([OWN, changed], "Foyer", ["en"]).byDefault;
    expect([text("sign_in.title"), text("sign_in.keep")]).to.deep.equal(["Log in", english["sign_in.keep"]]);
  });

  it("tell scripts apart, and find the one that is likely meant", () => {
    const chinese = folderOf({
      "zh-Hans.json": { ...GERMAN, lang: "zh-Hans" },
      "zh-Hant.json": { ...GERMAN, lang: "zh-Hant" },
      "sr.json": { ...GERMAN, lang: "sr" },
    });
    const { lookUp } = loadLanguages([OWN, chinese], "Foyer", ["en", "zh-Hans", "zh-Hant", "sr"]);
    const found = (asked: string) => lookUp(asked)?.lang;
    expect(["zh", "zh-CN", "zh-TW", "zh-HK", "zh-Hant-CN", "sr-RS"].map(found)).to.deep.equal([
      "zh-Hans",
      "zh-Hans",
      "zh-Hant",
      "zh-Hant",
      "zh-Hant",
      "sr",
    ]);
    expect(found("sr-Latn"), "which whoever reads no Cyrillic cannot read").to.equal(undefined);
  });

  const { "sign_in.title": _left, ...lacking } = GERMAN;
  for (const [what, words, reason] of [
    ["lacks a sentence", lacking, /\/de\.json:1: lacks sign_in\.title$/],
    ["has one that nothing asks for", { ...GERMAN, "sign_in.titel": "x" }, /nothing asks for: sign_in\.titel$/],
    [
      "misnames a variable",
      { ...GERMAN, onward: "Weiter zu {nam}" },
      /onward: expected the variables \(name\), not \(nam\)$/,
    ],
    ["leaves a brace open", { ...GERMAN, onward: "Weiter zu {name" }, /onward: expected ICU MessageFormat/],
    ["has other markup", { ...GERMAN, onward: "<b>Weiter</b> zu {name}" }, /onward: expected the same markup/],
    ["is empty somewhere", { ...GERMAN, onward: "" }, /onward: expected words$/],
    ["calls itself otherwise", { ...GERMAN, lang: "fr" }, /lang: expected de$/],
    ["has no direction", { ...GERMAN, dir: "up" }, /dir: expected ltr or rtl$/],
  ] as const) {
    it(`are refused at the start where a file ${what}`, () => {
      const load = () => loadLanguages([OWN, folderOf({ "de.json": words })], "Foyer", ["de"]);
      expect(load).to.throw(LanguageError, reason);
    });
  }

  it("are refused at the start, in one line, where there is no file of that name", async () => {
    const refused = await createFoyer({ memory: true, languages: ["en", "tlh"] }).catch(String);
    expect(refused).to.match(/languages: there is no tlh, only en\b/);
  });
});
