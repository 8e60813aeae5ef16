import { expect } from "chai";
import fc from "fast-check";
import { toUnicode } from "tr46";
import { parseEmailAddress, readableAddress } from "../../src/service/identity/email-address.ts";
import { foldLocalPart } from "../../src/service/identity/fold.ts";
import { english } from "../support/english.ts";

function parsed(typed: string) {
  const result = parseEmailAddress(typed);
  if (!result.ok) throw new Error(`${JSON.stringify(typed)} was refused: ${result.error.key}`);
  return result.value;
}

/** What a person is told who typed it. */
function refusalOf(typed: string) {
  const result = parseEmailAddress(typed);
  if (result.ok) throw new Error(`${JSON.stringify(typed)} was taken as ${result.value.email}`);
  return english.text(result.error.key, result.error.values);
}

/** What does not show, shown. */
function visible(text: string) {
  return JSON.stringify(text).replaceAll(/[^\x20-\x7e]/gu, (c) => `\\u{${c.codePointAt(0)?.toString(16)}}`);
}

const HIDDEN =
  /[\s\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\u2d7f\ufffc\u{1107f}\u{13441}\u{13442}\u{16fe4}\u{1bc9d}\u{1d159}]/u;

function label(length: number) {
  return "b".repeat(length);
}

describe("the rule for an e-mail address", () => {
  const accepted: [typed: string, email: string][] = [
    ["alice@example.com", "alice@example.com"],
    [" alice@example.com\n", "alice@example.com"],
    ["Alice@EXAMPLE.com", "Alice@example.com"],
    ["o'brien+tag/x=1@mail.example.ie", "o'brien+tag/x=1@mail.example.ie"],
    ["x@BÜCHER.de", "x@xn--bcher-kva.de"],
    ["x@XN--BCHER-KVA.de", "x@xn--bcher-kva.de"],
    ["x@faß.de", "x@xn--fa-hia.de"],
    ["x@example。com", "x@example.com"],
    ["用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"],
    ["jose\u0301@x.com", "jos\u00e9@x.com"],
    ["x@l·l.cat", "x@xn--ll-0ea.cat"],
    ["x@ア・ア.jp", "x@xn--ccka0y.jp"],
    ["x@ايران.ir", "x@xn--mgba3a4fra.ir"],
    [`${label(64)}@x.com`, `${label(64)}@x.com`],
    [`${"é".repeat(32)}@x.com`, `${"é".repeat(32)}@x.com`],
    [`x@${label(63)}.com`, `x@${label(63)}.com`],
    [`${label(61)}@${`${label(62)}.`.repeat(3)}com`, `${label(61)}@${`${label(62)}.`.repeat(3)}com`],
  ];
  for (const [typed, email] of accepted) {
    it(`takes ${JSON.stringify(typed)}`, () => expect(parsed(typed).email).to.equal(email));
  }

  const invisible = [
    "\u200b",
    "\u200d",
    "\u00ad",
    "\ufeff",
    "\u2060",
    "\ufe0f",
    "\u00a0",
    "\u3000",
    "\u3164",
    "\u{e0100}",
    "\u0085",
    "\t",
  ];
  for (const [before, after] of [
    ["\u202a", "\u202c"],
    ["\u2068", "\u2069"],
    ["\u200e \u200b", "\u200b \n"],
    ...invisible.map((one) => [one, one]),
  ]) {
    it(`takes an address between ${visible(before ?? "")} and ${visible(after ?? "")} without them`, () => {
      expect(parsed(`${before}alice@example.com${after}`)).to.deep.equal(parsed("alice@example.com"));
    });
  }

  for (const [typed, named] of [
    ["ali\u200bce@example.com", "after “ali” (zero width space, U+200B)"],
    ["alice@exam\u00adple.com", "after “alice@exam” (soft hyphen, U+00AD)"],
    ["alice\u00a0b@example.com", "after “alice” (no-break space, U+00A0)"],
    ["alice@example.\u2060com", "after “ice@example.” (word joiner, U+2060)"],
    ["alice@\ufe0fexample.com", "after “alice@” (variation selector-16, U+FE0F)"],
    ["❤\ufe0f@example.com", "after “❤” (variation selector-16, U+FE0F)"],
    ["a\u180bb@example.com", "after “a” (U+180B)"],
    ["a\u3164b@example.com", "after “a” (Hangul filler, U+3164)"],
    ["a\u115fb@example.com", "after “a” (Hangul choseong filler, U+115F)"],
    ["a\u2800b@example.com", "after “a” (braille pattern blank, U+2800)"],
    ["a\u034fb@example.com", "after “a” (combining grapheme joiner, U+034F)"],
    ["a\u17b4b@example.com", "after “a” (U+17B4)"],
    ["a\u{1d159}b@example.com", "after “a” (U+1D159)"],
    ["a\u{e0100}@example.com", "after “a” (U+E0100)"],
    ["vic\ufffctim@example.com", "after “vic” (U+FFFC)"],
    ["victim\u{13441}@example.com", "after “victim” (U+13441)"],
    ["victim@exam\u{13441}ple.com", "after “victim@exam” (U+13441)"],
  ] as const) {
    it(`names what is invisible in ${visible(typed)}`, () => {
      expect(refusalOf(typed)).to.include(named);
    });
  }

  it("takes an emoji without a variation selector", () => {
    expect(parsed("❤@example.com").email).to.equal("❤@example.com");
  });

  for (const copied of [
    "Alice <x@xn--bcher-kva.de>",
    "<x@bücher.de>",
    "mailto:x@bücher.de?subject=Hi",
    '"A, B" <mailto:x@bücher.de>',
  ]) {
    it(`asks for the address alone when ${copied} was copied`, () => {
      expect(refusalOf(copied)).to.include("Enter only the address, like x@bücher.de,");
    });
  }

  it("reads 10,000 times one piece of an address in a fraction of half a second", () => {
    const started = performance.now();
    for (const piece of ["\u200b", "a\u200b", "<", "xn--a.", "mailto:"]) {
      for (const text of [piece.repeat(10_000), `${piece.repeat(10_000)}a`]) parseEmailAddress(text);
    }
    expect(performance.now() - started).to.be.below(500);
  });

  const refused: Record<string, string[]> = {
    "no address": ["", "   ", "alice", "@", "@example.com", "alice@"],
    "a local part that is no dot-atom": [
      ".a@x.com",
      "a.@x.com",
      "a..b@x.com",
      "a b@x.com",
      "a@b@x.com",
      '"a"@x.com',
      "a(c)@x.com",
      "a,b@x.com",
    ],
    "characters that do not show": [
      "a\u00a0b@x.com",
      "a\u200bb@x.com",
      "a\u202eb@x.com",
      "a\0b@x.com",
      "\u0301a@x.com",
      "\ud800@x.com",
      "\ue000@x.com",
    ],
    "a domain that is no host": [
      "a@x",
      "a@x..com",
      "a@.x.com",
      "a@x.com.",
      "a@-x.com",
      "a@x-.com",
      "a@x_y.com",
      "a@x y.com",
      "a@[127.0.0.1]",
      "a@127.0.0.1",
    ],
    "what a URL parser would strip or decode": [
      "a@x.com/b",
      "a@x.com#b",
      "a@x.com?b",
      "a@x.com\\b",
      "a@x%2ecom.de",
      "a@x\n.com",
      "a@x.com:25",
      "a@x／b.com",
    ],
    "labels that IDNA 2008 has no room for": [
      "a@i❤.ws",
      "a@xn--i-7iq.ws",
      "a@ab--c.com",
      "a@xn--a.com",
      "a@xn--.com",
      "a@a·b.cat",
      "a@・.jp",
      "a@١۱.ir",
      "a@x\u00ad.com",
      "a@⒈com.net",
      "a@\ud800.com",
      "a@\u3164x.com",
    ],
    "domains that no mail reaches": [
      "a@foo.test",
      "a@foo.invalid",
      "a@foo.local",
      "a@a.localhost",
      "a@b.onion",
      "a@1.2.3.4.in-addr.arpa",
    ],
    "more than SMTP takes": [
      `${label(65)}@x.com`,
      `${"é".repeat(33)}@x.com`,
      `a@${label(64)}.com`,
      `${label(62)}@${`${label(62)}.`.repeat(3)}com`,
      `a@${"ü".repeat(60)}.com`,
    ],
    "a display name": ["Alice <alice@example.com>", "<alice@example.com>"],
  };
  for (const [reason, addresses] of Object.entries(refused)) {
    for (const typed of addresses) {
      it(`refuses ${reason}: ${JSON.stringify(typed)}`, () => {
        expect(refusalOf(typed)).to.match(/^(Enter|Write|Check|Shorten) .+\.$/);
      });
    }
  }

  const spellings: [one: string, other: string][] = [
    ["Alice@EXAMPLE.com", "alice@example.com"],
    ["x@bücher.de", "x@xn--bcher-kva.de"],
    ["jose\u0301@x.com", "JOS\u00c9@x.com"],
    ["ΑΣ@x.gr", "ας@x.gr"],
    ["ασ@x.gr", "ας@x.gr"],
    ["ｖｉｃｔｉｍ@x.com", "victim@x.com"],
    ["ｏﬃce@x.com", "office@x.com"],
    ["x²@x.com", "x2@x.com"],
    ["𝓿𝓲𝓬𝓽𝓲𝓶@x.com", "victim@x.com"],
    ["\u212aelvin@x.com", "kelvin@x.com"],
    ["ſam@x.com", "sam@x.com"],
    ["STRAẞE@x.de", "straße@x.de"],
    ["ᾳ@x.gr", "ΑΙ@x.gr"],
    ["\uab70@x.com", "\u13a0@x.com"],
  ];
  for (const [one, other] of spellings) {
    it(`gives ${one} and ${other} one key`, () => expect(parsed(one).key).to.equal(parsed(other).key));
  }

  for (const [one, other] of [
    ["strauß", "strauss"],
    ["ılgın", "ilgin"],
    ["\u0430lice", "alice"],
    ["alice+shop", "alice"],
    ["al.ice", "alice"],
  ]) {
    it(`gives ${one} and ${other} two keys`, () => {
      expect(parsed(`${one}@gmail.com`).key).not.to.equal(parsed(`${other}@gmail.com`).key);
    });
  }

  it("sends email to an address as it was typed, whatever its key", () => {
    const { email, localPart } = parsed("ｖｉｃｔｉｍ@ｅｘａｍｐｌｅ.com");
    expect([email, localPart]).to.deep.equal(["ｖｉｃｔｉｍ@example.com", "ｖｉｃｔｉｍ"]);
  });

  for (const [folding, message] of [
    ["a\uff20b", "only one @"],
    ["a\ufe6bb", "only one @"],
    ["a\u2024b", "part before the @"],
    ["a\uff0eb", "part before the @"],
    ["a\ufe52b", "part before the @"],
    ["a\u2026b", "dots"],
    ["\u2488a", "part before the @"],
    ["a\uff0cb", "part before the @"],
    ["a\uff1cb", "part before the @"],
    ["a\u00b4b", "part before the @"],
    ["\uff9ea", "part before the @"],
  ] as const) {
    it(`refuses ${visible(folding)}, which folds to what is no local part`, () => {
      expect(refusalOf(`${folding}@example.com`)).to.include(message);
    });
  }

  it("folds each character of a local part as UTS 46 maps it in a domain", () => {
    // But final sigma too, Cherokee to its small letters, and no other full stop than its own.
    const differs: Record<string, string> = { ς: "σ", "。": "。", "｡": "。" };
    const wrong: string[] = [];
    for (let code = 0x80; code <= 0x10ffff; code += 1) {
      const one = String.fromCodePoint(code);
      if (!/[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(one) || HIDDEN.test(one)) continue;
      const { domain: mapped, error } = toUnicode(`a${one}`);
      if (error) continue;
      const expected = differs[one] ? `a${differs[one]}` : mapped.replace(/[Ꭰ-Ᏽ]/u, (c) => c.toLowerCase());
      if (foldLocalPart(`a${one}`) !== expected) wrong.push(visible(one));
    }
    expect(wrong).to.deep.equal([]);
  });

  it("gives capitals, compatibility forms and decomposed forms one key", () => {
    const characters = fc.string({ unit: "binary", minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.oneof(characters, atom, fc.string({ unit: "grapheme", minLength: 1 })), (local) => {
        const result = parseEmailAddress(`a${local}@x.com`);
        if (!result.ok) return;
        const { key } = result.value;
        const others = [local.toLowerCase(), local.normalize("NFKC"), local.normalize("NFKD"), local.normalize("NFD")];
        if (!/[ßẞıİ]/u.test(local.normalize("NFKC"))) others.push(local.toUpperCase());
        for (const other of others) {
          const same = parseEmailAddress(`a${other}@x.com`);
          if (same.ok) expect(same.value.key, visible(local)).to.equal(key);
        }
        expect(key)
          .to.match(/^[^@]+@x\.com$/)
          .and.not.match(HIDDEN);
        expect(key.split(".")).to.have.length(`a${local}@x.com`.split(".").length);
      }),
      { numRuns: 5000 },
    );
  });

  for (const [size, text] of [
    ["255 bytes", `a@${"b".repeat(249)}.com`],
    ["255 bytes in characters that take less elsewhere", `x@${"ＢＣ".repeat(42)}.com`],
    ["16 KB", "a".repeat(16_384)],
  ] as const) {
    it(`asks for a shorter address instead of ${size}`, () => {
      expect(refusalOf(text)).to.equal("Enter a shorter email address, of at most 254 characters.");
    });
  }

  it("takes an address between 8,000 blanks on either side", () => {
    const blanks = " \u200b\n\u{e0100}".repeat(2000);
    expect(parsed(`${blanks}alice@example.com${blanks}`).email).to.equal("alice@example.com");
  });

  const atom = fc.string({
    unit: fc.constantFrom(..."abcXYZ019!#$%&'*+-/=?^_`{|}~éÉßςΣŁİıЖ本ñ\u0301😀"),
    minLength: 1,
    maxLength: 12,
  });
  const host = fc.string({ unit: fc.constantFrom(..."abcXYZ019-éÜЖ本ñ"), minLength: 1, maxLength: 20 });
  const address = fc
    .tuple(
      fc.array(atom, { minLength: 1, maxLength: 3 }),
      fc.array(host, { minLength: 1, maxLength: 3 }),
      fc.constantFrom("com", "DE", "рф"),
    )
    .map(([local, domain, top]) => `${local.join(".")}@${[...domain, top].join(".")}`);
  const anything = fc.oneof(
    address,
    fc.string({ unit: "binary", maxLength: 300 }),
    address.map((text) => text.repeat(4)),
  );

  it("gives a canonical form that is read again as it is", () => {
    fc.assert(
      fc.property(anything, (typed) => {
        const first = parseEmailAddress(typed);
        if (!first.ok) return;
        expect(parsed(first.value.email)).to.deep.equal(first.value);
        expect(parsed(first.value.key).key).to.equal(first.value.key);
      }),
      { numRuns: 2000 },
    );
  });

  it("gives all spellings of an address one key", () => {
    fc.assert(
      fc.property(address, (typed) => {
        const result = parseEmailAddress(typed);
        if (!result.ok) return;
        const { key } = result.value;
        const [local = "", domain = ""] = typed.split(/@(?=[^@]*$)/);
        for (const same of [` ${typed}\t`, typed.normalize("NFD"), `${local}@${domain.toUpperCase()}`]) {
          expect(parsed(same).key).to.equal(key);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("names every character that does not show, inside a local part and at its end", () => {
    for (let code = 0; code <= 0x10ffff; code += 1) {
      const one = String.fromCodePoint(code);
      if (one === " " || !HIDDEN.test(one)) continue;
      for (const typed of [`a${one}b@example.com`, `ab${one}@example.com`]) {
        const result = parseEmailAddress(typed);
        expect(result.ok ? "taken" : result.error.key, visible(typed)).to.equal("email.invisible");
      }
    }
  });

  it("takes no local part with a character that does not show", () => {
    const hidden = fc.constantFrom(..."\u034f\u115f\u180b\u200b\u2800\u3164\ufe0f\u{e0100}");
    const mixed = fc.tuple(atom, hidden, atom).map(([one, other, last]) => `${one}${other}${last}@example.com`);
    fc.assert(
      fc.property(fc.oneof(anything, mixed), (typed) => {
        const result = parseEmailAddress(typed);
        if (result.ok) expect(result.value.localPart).not.to.match(HIDDEN);
      }),
      { numRuns: 2000 },
    );
  });

  it("takes nothing that SMTP has no room for", () => {
    fc.assert(
      fc.property(anything, (typed) => {
        const result = parseEmailAddress(typed);
        if (!result.ok) return;
        const { email } = result.value;
        const at = email.lastIndexOf("@");
        expect(Buffer.byteLength(email)).to.be.at.most(254);
        expect(Buffer.byteLength(email.slice(0, at))).to.be.within(1, 64);
        expect(email.slice(at + 1)).to.match(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{0,62}[a-z]$/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the readable form of an address", () => {
  for (const [address, readable] of [
    ["x@xn--bcher-kva.de", "x@bücher.de"],
    ["x@mail.XN--BCHER-KVA.de", "x@mail.bücher.de"],
    ["用户@xn--fsqu00a.xn--4rr70v", "用户@例子.广告"],
  ] as const) {
    it(`has the domain of ${address} in letters`, () => expect(readableAddress(address)).to.equal(readable));
  }

  for (const text of ["Alice@EXAMPLE.com", "x@xn--a.com", "xn--bcher-kva.de", "<b>x", ""]) {
    it(`leaves ${JSON.stringify(text)} as it is`, () => expect(readableAddress(text)).to.equal(text));
  }
});
