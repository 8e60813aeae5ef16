import { expect } from "chai";
import fc from "fast-check";
import { readNext } from "../../src/pages/next.ts";

const ORIGIN = "https://accounts.example.com";

function decoded(path: string) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** What is of use to lead a browser, or a server that decodes once, elsewhere. */
const PIECES = [
  ...["/", "//", "\\", ".", "..", "%2e", "%2f", "%5C", "%09", "%0a", "%0D", "\t", "\n", " ", "@", ":", "?", "#"],
  ...[
    "https:",
    "javascript:",
    "evil.example",
    "accounts.example.com",
    "%",
    "%zz",
    "\u3002",
    "\u2215",
    "\uff0f",
    "\ud800",
    "é",
  ],
];

describe("next", () => {
  const kept = ["/", "/account", "/a/b?c=d&e=%2F#f", "/a%09b", "/?next=//evil.example", "/%C3%A9"];
  for (const path of kept) it(`keeps ${path}`, () => expect(readNext(path, ORIGIN)).to.equal(path));

  const refused = [
    ...[
      "",
      "account",
      "//evil.example",
      "/\\evil.example",
      "https://evil.example",
      "/.//evil.example",
      "/a/..//evil.example",
    ],
    ...[
      "/%2fevil.example",
      "/%5cevil.example",
      "/%09/evil.example",
      "/%0d%0a/evil.example",
      "/\t/evil.example",
      "javascript:a",
    ],
    `/${"a".repeat(2048)}`,
  ];
  for (const path of refused)
    it(`refuses ${JSON.stringify(path).slice(0, 40)}`, () => expect(readNext(path, ORIGIN)).to.equal(undefined));

  it("never leads to another origin, as it is or decoded once more, and is read again as it is", () => {
    const paths = fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => `/${pieces.join("")}`);
    fc.assert(
      fc.property(paths, (sent) => {
        const path = readNext(sent, ORIGIN);
        if (path === undefined) return;
        for (const form of [path, decoded(path)])
          if (URL.canParse(form, ORIGIN)) expect(new URL(form, ORIGIN).origin, sent).to.equal(ORIGIN);
        expect(readNext(path, ORIGIN)).to.equal(path);
      }),
      { numRuns: 20_000 },
    );
  });
});
