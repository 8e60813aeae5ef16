import { randomBytes } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { readCode, readToken } from "../../src/service/verification/pasted.ts";

const CODE = "87662194";

describe("readCode", () => {
  for (const system of Intl.supportedValuesOf("numberingSystem")) {
    const digits = new Intl.NumberFormat("en", { numberingSystem: system, useGrouping: false }).format(
      CODE as unknown as number,
    );
    if (!/^\p{Nd}{8}$/u.test(digits)) continue;
    it(`reads a code in the digits of ${system}: ${digits}`, () => expect(readCode(digits)).to.equal(CODE));
  }

  for (const typed of [
    "８７６６　２１９４",
    "８７６６ー２１９４",
    "⑧⑦⑥⑥②①⑨④",
    "8\ufe0f\u20e37\ufe0f\u20e36\ufe0f\u20e36\ufe0f\u20e32\ufe0f\u20e31\ufe0f\u20e39\ufe0f\u20e34\ufe0f\u20e3",
    "8766-2194",
    "8766–2194",
    "8766\u20112194",
    "8766\u22122194",
    "8766.2194",
    "8 7 6 6 2 1 9 4",
    " 8766\u00a02194\n",
    "8766\u20092194",
    "8766\u200b\u00ad2194",
    "\u202a8766 2194\u202c",
    "\ufeff87662194",
    "Your code is 8766 2194.",
    "Your code is\r\n\r\n    8766 2194\r\n",
    // A field of one line takes the breaks out.
    "Your code is8766 2194",
    "“8766 2194”",
    "<87662194>",
    "*8766 2194*",
    "Code：87662194。",
  ]) {
    it(`reads a code from ${JSON.stringify(typed)}`, () => expect(readCode(typed)).to.equal(CODE));
  }

  for (const typed of [
    "",
    "8766219",
    "876621940",
    "8766 2194 8766 2194",
    "8766 2194, 1234 5678",
    "87662194 in 24 hours",
    "8766O2194",
    "8766 l 2194",
    "O87662194",
    "87662194l",
    "OO87662194",
    "8766219O",
    "l8766219",
    "a87662194",
    "❶87662194",
    "〇87662194",
    "½8766219",
    "abcd efgh",
    `${" ".repeat(5000)}${CODE}`,
  ]) {
    it(`reads no code from ${JSON.stringify(typed.slice(0, 40))}`, () => expect(readCode(typed)).to.equal(undefined));
  }

  it("reads nothing but the code that is there, whatever is put into it or around it", () => {
    const other = fc.constantFrom(..."0123456789٣३９①²OolIaéЖ本ーⅧ❶");
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9]{8}$/), other, fc.nat(8), (code, one, at) => {
        const typed = code.slice(0, at) + one + code.slice(at);
        expect([undefined, ...(one === "ー" ? [code] : [])]).to.include(readCode(typed));
        expect(readCode(code.slice(0, at % 8) + code.slice((at % 8) + 1))).to.equal(undefined);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (typed) => {
        const code = readCode(typed);
        if (code === undefined) return;
        expect(code).to.match(/^\d{8}$/);
        expect(typed.match(/\p{Nd}/gu)?.length ?? 0).to.be.at.most(8);
      }),
    );
  });
});

describe("readToken", () => {
  const token = () => randomBytes(32).toString("base64url");
  const [T, U] = [token(), token()];
  const [a, b] = [T.slice(0, 20), T.slice(20)];

  for (const sent of [
    T,
    `token=${T}`,
    `TOKEN=${T}`,
    `token%3D${T}`,
    `token=3D${T}`,
    `token=%3D${T}`,
    `token=${T}%20`,
    `token=${T}+`,
    `token=${T}%2520`,
    `token=${T}=20`,
    ...[".", ",", ")", ">", '"', "'", "&gt;", "&quot;", ";", "…", "!", "]", "*", "_", "-", "x", "。"].map(
      (end) => `token=${T}${end}`,
    ),
    ...[".", ",", ")", ">", '"', "&gt;", "\u200b", "\u00a0", "\ufeff", "\u00ad"].map(
      (end) => `token=${T}${encodeURIComponent(end)}`,
    ),
    `token=%3C${T}%3E`,
    `token=${T}%FF`,
    `token=${a}%20${b}`,
    `token=${a}+${b}`,
    `token=${a}%0A${b}`,
    `token=${a}%0D%0A${b}`,
    `token=${a}%250D%250A${b}`,
    `token=${a}=%0D%0A${b}`,
    `token=${a}%0D%0A%3E%20${b}`,
    `token=${a}%0A${b}%20Or%20enter`,
    `token=${a}%C2%AD${b}`,
    `token=${a}%E2%80%8B${b}`,
    `token=${a}%A0${b}`,
    `token=${a}\r\n${b}`,
    `token=${T}&utm_source=${U}`,
    `token=${T}?utm_source=${U}`,
    `utm_source=${U}&token=${T}`,
    `utm_source=x&amp;token=${T}`,
    `token=${T}#${U}`,
    `token=${T}&token=${T}`,
    `token=${T}&token=`,
    `https://accounts.example.com/verify?token=${T}`,
    `<https://accounts.example.com/verify?token=${T}>.`,
    `Open this link:\n\nhttps://accounts.example.com/verify?token=${T}\n\nOr enter this code`,
  ]) {
    it(`reads the token from ${JSON.stringify(sent.replaceAll(T, "T").replaceAll(U, "U").replace(a, "A").replace(b, "B"))}`, () =>
      expect(readToken(sent)).to.equal(T));
  }

  for (const sent of [
    `token=${T}&token=${U}`,
    `${T} ${U}`,
    `token=${T}%20${U}`,
    `${T}${U}`,
    T.slice(1),
    "",
    "token=",
    "%",
    "x".repeat(5000),
    `token=${a}.${b}`,
  ]) {
    it(`reads no token from ${JSON.stringify(sent.slice(0, 110).replaceAll(T, "T").replaceAll(U, "U"))}`, () =>
      expect(readToken(sent)).to.equal(undefined));
  }

  it("reads every token through a space, quoted-printable and a break", () => {
    for (let n = 0; n < 5000; n += 1) {
      const one = token();
      const at = 1 + (n % 42);
      expect(readToken(`token=${one}%20`)).to.equal(one);
      expect(readToken(`token=3D${one}`)).to.equal(one);
      expect(readToken(`token=${one.slice(0, at)}%0A${one.slice(at)}.`)).to.equal(one);
    }
  });

  it("gives 43 of base64url's letters or nothing, and never throws, whatever is sent", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), fc.webQueryParameters()), (sent) => {
        expect(readToken(sent) ?? T).to.match(/^[\w-]{43}$/);
      }),
    );
  });
});
