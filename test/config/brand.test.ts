import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { contrastOf, ENOUGH, NEIGHBOURS } from "../../src/config/colors.ts";
import { parseConfig } from "../../src/config/environment.ts";
import { StartError } from "../../src/config/start-error.ts";

function refusalOf(env: Record<string, string>): string {
  try {
    parseConfig(env);
  } catch (error) {
    if (error instanceof StartError) return error.message;
    throw error;
  }
  return expect.fail(`${JSON.stringify(env)} was taken`);
}

describe("BRAND_COLOR", () => {
  const colorsOf = (BRAND_COLOR: string) => parseConfig({ BRAND_COLOR }).brand.colors;

  it("is one colour for light pages and one for dark pages, as they are written", () => {
    const { light, dark, isDarkDerived } = colorsOf("#7A1F5C, #e48bc4");
    expect([light.accent, dark.accent, isDarkDerived]).to.deep.equal(["#7a1f5c", "#e48bc4", false]);
  });

  for (const color of ["#7a1f5c", "#0b6e4f", "#000000", "#b00020"]) {
    it(`alone gives dark pages the nearest to ${color} that can be read there, and all that is pointed at, too`, () => {
      const { light, dark, isDarkDerived } = colorsOf(color);
      expect(isDarkDerived).to.equal(true);
      expect(light.accent).to.equal(color);
      expect(contrastOf(dark.accent, "dark")).to.be.within(ENOUGH, ENOUGH + 0.1);
      expect(contrastOf(dark.hover, "dark")).to.be.above(ENOUGH);
      expect(contrastOf(light.hover, "light")).to.be.above(ENOUGH);
    });
  }

  for (const [value, scheme] of [
    ["#ffcc00", "light"],
    ["#ffffff", "light"],
    ["#3a4ed5,#444444", "dark"],
    ["#3a4ed5,#000000", "dark"],
  ] as const) {
    it(`stops the start as ${value}, and names a colour that passes where it is tried`, () => {
      const refusal = refusalOf({ BRAND_COLOR: value });
      expect(refusal).to.match(new RegExp(`^BRAND_COLOR: expected a colour that can be read on ${scheme} pages`));
      const [, nearest = ""] = /the nearest that passes is (#[0-9a-f]{6})$/.exec(refusal) ?? [];
      expect(contrastOf(nearest, scheme)).to.be.within(ENOUGH, ENOUGH + 0.1);
      const { accent } = colorsOf(scheme === "light" ? nearest : `#3a4ed5,${nearest}`)[scheme];
      expect(accent).to.equal(nearest);
    });
  }

  for (const value of ["red", "#fff", "#3a4ed5;", "#3a4ed5,#8f9dff,#000000", "url(x)"]) {
    it(`stops the start as ${value}, which is no colour of six digits`, () => {
      expect(refusalOf({ BRAND_COLOR: value })).to.match(/^BRAND_COLOR: expected a colour such as #3a4ed5/);
    });
  }

  it("is checked with the grounds that the stylesheet has", () => {
    const css = readFileSync(new URL("../../public/foyer.css", import.meta.url), "utf8");
    const grounds = (text: string) =>
      [...text.matchAll(/--(?:foyer-ground|pico-card-background-color): (#\w+);/g)].map(([, color = ""]) =>
        color.replace(/^#(.)(.)(.)$/, "#$1$1$2$2$3$3"),
      );
    const [light = "", dark = ""] = css.split("@media (prefers-color-scheme: dark)");
    expect(NEIGHBOURS.light).to.have.members(grounds(light));
    expect(NEIGHBOURS.dark).to.include.members(grounds(dark));
  });
});

describe("SITE_LOGO", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "foyer-logo-"));
  });
  after(() => rm(folder, { recursive: true }));

  async function written(content: string | Buffer) {
    const file = join(folder, "logo.png");
    await writeFile(file, content);
    return { SITE_LOGO: file };
  }

  it("is known by its content", async () => {
    const svg = '\uFEFF<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg"/>';
    expect(parseConfig(await written(svg)).brand.logo?.type).to.equal("svg");
    const png = Buffer.from("89504e470d0a1a0a00", "hex");
    expect(parseConfig(await written(png)).brand.logo).to.deep.equal({ type: "png", content: png });
  });

  const SVG = '<svg xmlns="http://www.w3.org/2000/svg"';
  for (const [what, content] of [
    ["a page", "<!doctype html><svg></svg>"],
    ["nothing", ""],
    ["a JPEG", Buffer.from("ffd8ffe000104a464946", "hex")],
    ["a script", `${SVG}><script>alert(1)</script></svg>`],
    ["a handler", `${SVG} onload="alert(1)"></svg>`],
    ["a link that runs", `${SVG}><a href="JavaScript:alert(1)"/></svg>`],
    [
      "a script by another prefix",
      `${SVG} xmlns:s-s="http://www.w3.org/2000/svg"><s-s:script>alert(1)</s-s:script></svg>`,
    ],
    ["a link that runs, by a number", `${SVG}><a href="java&#x00000053;cript:alert(1)"/></svg>`],
    ["a link that runs, in two lines", `${SVG}><a href="java&#10;script:alert(1)"/></svg>`],
    ["a page within", `${SVG}><foreignObject/></svg>`],
    ["more than 256 KiB", `${SVG}>${" ".repeat(256 * 1024)}</svg>`],
  ] as const) {
    it(`stops the start with ${what}`, async () => {
      expect(refusalOf(await written(content))).to.match(/^SITE_LOGO: expected an/);
    });
  }

  it("stops the start where there is no such file", () => {
    expect(refusalOf({ SITE_LOGO: join(folder, "none.svg") })).to.equal("SITE_LOGO: expected a file that can be read");
  });
});

describe("the other settings of a brand", () => {
  for (const [name, value] of [
    ["SITE_NAME", "two\nlines"],
    ["SITE_NAME", "x".repeat(61)],
    ["SUPPORT_EMAIL", "Help <help@example.com>"],
    ["SUPPORT_EMAIL", "help"],
    ["TERMS_URL", "/terms"],
    ["TERMS_URL", "javascript:alert(1)"],
    ["PRIVACY_URL", "https://user:password@example.com/"],
    ["VIEWS_DIR", "/nowhere"],
  ] as const) {
    it(`stop the start with ${name}=${JSON.stringify(value)}`, () => {
      expect(refusalOf({ [name]: value })).to.match(new RegExp(`^${name}: expected `));
    });
  }
});
