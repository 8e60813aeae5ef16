import { readFileSync } from "node:fs";
import { expect } from "chai";
import { contextOfViews } from "../support/view-context.ts";

const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

describe("README's table of views", () => {
  const [, section = ""] = /\n## Your brand\n([\s\S]*?)\n## /.exec(README) ?? [];
  const rows = [...section.matchAll(/^\| `([\w/-]+)` \| (.+) \|$/gm)].map(
    ([, view = "", names = ""]) => [view, names] as const,
  );

  it("has the names that each view reads, and no others", () => {
    expect(Object.fromEntries(rows)).to.deep.equal(Object.fromEntries(contextOfViews()));
    expect(rows).to.have.length.above(40);
  });
});
