import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { StartError } from "../../src/config/start-error.ts";
import { emailsTo } from "../support/emails.ts";
import { startFoyer } from "../support/foyer.ts";

describe("VIEWS_DIR", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "foyer-views-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function write(name: string, text: string) {
    const file = join(folder, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    return file;
  }

  const start = () => startFoyer({ viewsDir: pathToFileURL(`${folder}/`) });

  it("wins over Foyer's own views, partials, layouts, emails, sentences and stylesheet, name by name", async () => {
    await write("pages/registration/welcome.hbs", '<p id="mine">{{t "welcome.title"}}</p>{{> sign-in-hint}}');
    await write("partials/sign-in-hint.hbs", "<p>A partial of {{language.site}}</p>");
    await write(
      "layouts/main.hbs",
      '<link rel="stylesheet" href="{{asset "foyer.css"}}"><main class="mine">{{{body}}}</main>',
    );
    await write("emails/verify.text.hbs", "Mine: {{{link}}}");
    await write("locales/en.json", '{ "welcome.title": "Post is on its way, from {site}" }');
    await write("foyer.css", '@import "base.css";\nh1 { color: #123456 }');
    await write(".DS_Store", "not a view");
    const foyer = await start();
    const { text } = await foyer.http.get("/welcome");
    expect(text).to.include(
      '<main class="mine"><p id="mine">Post is on its way, from Foyer</p><p>A partial of Foyer</p>',
    );
    const [, path = ""] = /href="([^"]+\/)foyer\.css"/.exec(text) ?? [];
    expect((await foyer.http.get(`${path}foyer.css`)).text).to.include("#123456");
    expect((await foyer.http.get(`${path}base.css`)).text).to.include("/* Theme */");
    // What has no file there stays Foyer's own.
    expect((await foyer.http.get("/register")).text).to.include("Create your account");
    await foyer.register("alice@example.com");
    const [email] = await emailsTo(foyer, "alice@example.com");
    expect(email.text).to.match(/^Mine:\s+http:.*verify\?token=/);
    await foyer.stop();
  });

  for (const [what, name, text, line, reason] of [
    ["is no template", "pages/fault.hbs", "<h1>\n{{#if heading}}\n</h1>", 3, /^it is no template: Expecting/],
    ["has blocks that do not match", "pages/fault.hbs", "\n{{#if heading}}{{/each}}", 2, /if doesn't match each/],
    ["names no partial", "pages/fault.hbs", "\n\n{{> nothing}}", 3, /^there is no partial nothing here$/],
    ["names no helper", "pages/fault.hbs", "\n{{upper heading}}", 2, /^there is no helper upper here$/],
    ["names no sentence", "pages/fault.hbs", '\n{{t "fault.none"}}', 2, /^there is no sentence fault\.none$/],
    ["lacks a value", "pages/fault.hbs", '{{t "onward"}}', 1, /^the sentence onward needs name$/],
    ["names a helper of pages", "emails/reset.html.hbs", '{{path "/"}}', 1, /^there is no helper path here$/],
    ["includes a partial", "emails/reset.html.hbs", "{{> notice}}", 1, /^there is no partial notice here$/],
    [
      "names a variable that is none",
      "pages/fault.hbs",
      "<h1>{{heading}}</h1>\n{{haeding}}",
      2,
      /^there is no variable haeding /,
    ],
    [
      "reads a field that is none",
      "emails/reset.html.hbs",
      "{{#if brand.acent}}x{{/if}}",
      1,
      /^there is no variable acent /,
    ],
    ["replaces no view", "pages/falt.hbs", "", 1, /^there is no view of this name$/],
    ["is in another folder", "fault.hbs", "", 1, /^there is no view of this name; is pages\/fault\.hbs meant\?$/],
    ["is no JSON", "locales/en.json", '{\n  "a": 1,\n  b\n}', 3, /^it is no JSON: InvalidSymbol$/],
    ["is no object", "locales/en.json", "[]", 1, /^it is no object of sentences$/],
    ["has another sentence", "locales/en.json", '{\n"nothing": "x" }', 2, /^there is no sentence nothing$/],
    ["has a number", "locales/en.json", '{\n"onward": 1 }', 2, /^onward is not a text$/],
    [
      "is no sentence",
      "locales/en.json",
      '{\n\n"onward": "{name" }',
      3,
      /^onward is no sentence in ICU MessageFormat: /,
    ],
    [
      "lacks a variable",
      "locales/en.json",
      '{\n"onward": "Go on" }',
      2,
      /^onward: expected the variables \(name\), not \(\)$/,
    ],
    ["has other markup", "locales/en.json", '{\n"onward": "<b>{name}</b>" }', 2, /^onward: expected the same markup/],
    ["is a language without most sentences", "locales/nl.json", '{ "lang": "nl" }', 1, /^lacks .*\bonward\b/],
    ["has a variable too many", "locales/en.json", '{ "onward": "{name} {age}" }', 1, /^onward has no variable age$/],
  ] as const) {
    it(`stops the start with the file and its line where ${name} ${what}`, async () => {
      const file = await write(name, text);
      const error = await start().then(
        () => expect.fail("it started"),
        (error: unknown) => error,
      );
      expect(error).to.be.instanceOf(StartError);
      const [, said = "", saidLine, saidReason] =
        /^VIEWS_DIR: (.+):(\d+): (.+)$/.exec(error instanceof Error ? error.message : "") ?? [];
      expect([said, Number(saidLine)]).to.deep.equal([file, line]);
      expect(saidReason).to.match(reason);
    });
  }

  it("stops the start with a line for each problem there is", async () => {
    await write("pages/fault.hbs", '{{t "a"}}\n{{t "b"}}');
    await write("partials/notice.hbs", "{{#if}");
    const error = await start().catch((error: unknown) => error);
    expect(error instanceof Error && error.message.split("\n").length).to.equal(3);
  });
});
