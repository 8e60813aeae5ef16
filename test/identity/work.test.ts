import { expect } from "chai";
import fc from "fast-check";
import { wholeNext } from "../../src/http/next.ts";
import { parseEmailAddress, readableAddress } from "../../src/service/identity/email-address.ts";
import { parsePassword } from "../../src/service/identity/password.ts";
import { refuseDomain } from "../../src/service/identity/policy.ts";
import { readCode, readToken } from "../../src/service/verification/pasted.ts";

/** The most that a request's body has. */
const BODY = 16_384;

/** Different ideographs, each followed by a character that maps to 18: domains are encoded by the square of them. */
function mixed(count: number) {
  return Array.from({ length: count }, (_, n) => `${String.fromCodePoint(0x4e00 + n)}\ufdfa`).join("");
}

/** So many bytes of a piece, as far as whole ones fit. */
function filled(piece: string, bytes: number) {
  return piece.repeat(bytes / Buffer.byteLength(piece));
}

const policy = { open: true, domains: [], refuseDisposable: true };
const rules: Record<string, (text: string) => unknown> = {
  "an e-mail address": (text) => {
    const parsed = parseEmailAddress(text);
    return parsed.ok && refuseDomain(parsed.value.domain, policy);
  },
  "a readable address": readableAddress,
  "a password": (text) => parsePassword(text, 8),
  "a code": readCode,
  "a token": readToken,
  "the way back in a query": wholeNext,
};

const MARKS = "\u0345\u0315\u031b\u0327\u0334\u3099";
const PIECES = ["a", "\u200b", "a\u200b", "<a>", "xn--a.", "a.", "@", "\u0334\u0301", "\uff9e\u0334", MARKS, "\ufdfa"];
const MORE = ["1", "1l", "\u{11c59}", "%25", "token=a&", "=\n", "a&", "\u3164+", "a ", "・", "٠۰", "\ud800", "?next=/"];
const FRAMES = [
  ["", ""],
  ["a@", ""],
  ["a@", ".com"],
  ["", "@x.com"],
  ["x@xn--a.", ""],
  ["<", ""],
  [" a", "a "],
  ["12345678l", "l"],
  ["token=", ""],
  ["", "&next="],
] as const;
/** Each rule's own limit is among them. */
const SIZES = [240, 1020, 4060, BODY, 8 * BODY];

/** Some ten times what the worst takes on a quiet machine. A square of these sizes takes 20 ms to seconds. */
const ENOUGH_MS = 10;

/** Tries again where something else had the processor. */
function quickest(rule: (text: string) => unknown, text: string) {
  let least = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 10 && least >= ENOUGH_MS; tries += 1) {
    const started = performance.now();
    rule(text);
    least = Math.min(least, performance.now() - started);
  }
  return least;
}

describe("the work that a text causes, whatever its size", () => {
  for (const [what, rule] of Object.entries(rules)) {
    it(`is little for ${what}, of any character however often`, () => {
      for (const size of SIZES)
        for (const piece of [...PIECES, ...MORE])
          for (const [before, after] of FRAMES) {
            const took = quickest(rule, `${before}${filled(piece, size)}${after}`);
            expect(took, `${size} bytes of ${JSON.stringify(piece)} in ${before}${after}`).to.be.below(ENOUGH_MS);
          }
    });

    it(`is little for ${what}, of different ideographs between characters that grow`, () => {
      for (const count of [40, 680, 2690, 20_000])
        for (const text of [`a@${mixed(count)}.com`, `${mixed(count)}@x.com`, mixed(count)])
          expect(quickest(rule, text), `${count} of them`).to.be.below(ENOUGH_MS);
    });

    it(`is little for ${what}, of anything`, () => {
      const piece = fc.string({ unit: "binary", minLength: 1, maxLength: 6 });
      fc.assert(
        fc.property(piece, fc.constantFrom(...FRAMES), fc.constantFrom(240, BODY), (text, [before, after], size) => {
          expect(quickest(rule, `${before}${filled(text, size)}${after}`)).to.be.below(ENOUGH_MS);
        }),
        { numRuns: 100 },
      );
    });
  }

  it("is none beyond a count of its bytes for an e-mail address or a password that is too long", () => {
    const { normalize } = String.prototype;
    let normalized = 0;
    String.prototype.normalize = function (this: string, ...form) {
      normalized += this.length;
      return normalize.apply(this, form);
    };
    try {
      for (const text of [`a@${mixed(2690)}.com`, filled(MARKS, BODY), filled("a", BODY)]) {
        expect(parseEmailAddress(text).ok).to.equal(false);
        expect(parsePassword(text, 8).ok).to.equal(false);
      }
    } finally {
      String.prototype.normalize = normalize;
    }
    expect(normalized).to.equal(0);
  });
});
