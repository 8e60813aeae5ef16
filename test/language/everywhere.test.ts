import { readdirSync } from "node:fs";
import { expect } from "chai";
import english from "../../views/locales/en.json" with { type: "json" };
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { PSEUDO, writePseudoViews } from "../support/pseudo.ts";
import { type Stop, tourOf } from "../support/tour.ts";

const VIEWS = new URL("../../views/pages/", import.meta.url);

/** What is shown in our letters in any language: what people gave, names, and what programmers read. */
const VALUES = [
  // The emails of accounts that signed up in English.
  ...Object.entries(english).flatMap(([key, words]) => (key.endsWith(".subject") ? [words] : [])),
  /[\w.+<-]*@[\w.>-]*/g,
  /\b(?:Foyer|English|Firefox|Linux|UTC|JSON|IP|localhost|zero width space|[ab]\.example)\b/g,
  /\/mailbox|SMTP_URL|[\da-f]{8}-[\da-f-]+/g,
];

/** What a person reads on a page, or hears. */
function wordsOf(html: string): string {
  const body = html
    .replaceAll(/<(pre|code|script)\b[\s\S]*?<\/\1>/g, " ")
    .replaceAll(/<(\w+)[^>]* lang="(?:en|de|es|fr)"[^>]*>[\s\S]*?<\/\1>/g, " ")
    .replaceAll(/<div class="email">[\s\S]*?<\/div>/g, " ");
  const heard = [
    ...body.matchAll(/\s(?:alt|title|aria-label|placeholder|data-(?:show|hide|too|words)[\w-]*)="([^"]*)"/g),
  ].map(([, text]) => text);
  return [body.replaceAll(/<[^>]*>/g, " "), ...heard].join(" ").replaceAll(/&[#\w]+;/g, " ");
}

function latinWords(html: string): string[] {
  const others = VALUES.reduce<string>((text, value) => text.replaceAll(value, " "), wordsOf(html));
  return others.match(/[a-z]{2,}/gi) ?? [];
}

describe("every page, in a language that has none of our letters", () => {
  let foyer: TestFoyer;
  let stops: Stop[] = [];
  let stop: () => Promise<unknown> = async () => {};
  const rendered = new Set<string>();

  before(async () => {
    const viewsDir = writePseudoViews();
    foyer = await startFoyer({ viewsDir });
    const { app } = foyer.self().foyer;
    app.render = new Proxy(app.render, {
      apply(render, self, given) {
        rendered.add(String(given[0]));
        return Reflect.apply(render, self, given);
      },
    });
    ({ stops, stop } = await tourOf(foyer, viewsDir));
  });
  after(async () => {
    await stop();
    await foyer?.stop();
  });

  for (const [lang, dir] of [
    [PSEUDO.ltr, "ltr"],
    [PSEUDO.rtl, "rtl"],
  ]) {
    it(`has no word that is not from the catalogue, and says that it is ${lang}, written ${dir}`, async () => {
      for (const { name, ask } of stops) {
        const answer = await ask(lang ?? "");
        expect(answer.text, name).to.include(`<html lang="${lang}" dir="${dir}"`);
        expect(answer.headers["content-language"], name).to.equal(lang);
        expect(answer.headers["vary"], name).to.match(/\bAccept-Language\b/);
        expect(latinWords(answer.text), name).to.deep.equal([]);
      }
    });
  }

  it("was looked at: none is left out", () => {
    const views = readdirSync(VIEWS, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".hbs"));
    const missing = views.map((name) => `pages/${name.replace(/\.hbs$/, "")}`).filter((view) => !rendered.has(view));
    expect(missing, [...rendered].join(" ")).to.deep.equal(["pages/registration/closed", "pages/terms/accept"]);
  });
});
