import { expect } from "chai";
import { parsePassword, parseTypedPassword } from "../../src/service/identity/password.ts";
import { registrationInput } from "../../src/service/registration/input.ts";
import { english } from "../support/english.ts";

const MIN = 8;

/** What a person is told who chose it. */
function refusalOf(password: string, min = MIN) {
  const result = parsePassword(password, min);
  return result.ok ? expect.fail("it was taken") : english.text(result.error.key, result.error.values);
}

function parseRegistration(email: string, password: string) {
  const policy = { open: true, domains: [], refuseDisposable: false };
  return registrationInput({ terms: undefined, passwordMinLength: MIN, policy }).safeParse({ email, password });
}

describe("the rule for a password", () => {
  for (const password of [
    "secret123",
    "        ",
    " leading and trailing ",
    "пароль-пароль",
    "👩‍👩‍👧‍👦👩‍👩‍👧‍👦",
    "🔑".repeat(256),
    "a".repeat(255).concat("é"),
  ]) {
    it(`takes ${JSON.stringify(password.slice(0, 24))} as it is`, () => {
      expect(parsePassword(password, MIN)).to.deep.equal({ ok: true, value: password.normalize("NFC") });
    });
  }

  const refused: [reason: string, typed: string, message: RegExp][] = [
    ["nothing", "", /^Enter a password/],
    ["seven characters", "abcdefg", /at least 8 characters; this password has 7/],
    ["seven characters of two UTF-16 units each", "🔑".repeat(7), /at least 8 characters; this password has 7/],
    ["257 characters", "x".repeat(257), /at most 256 characters; this password has 257/],
    ["1,025 bytes", "é".repeat(512).concat("x"), /at most 256 characters; this password is far longer/],
    ["16 KB of marks", "\u0334\u0301".repeat(4096), /at most 256 characters; this password is far longer/],
    ["NUL", "secret\x0a3", /characters that do not show/],
    ["a line break", "secret\n123", /characters that do not show/],
    ["half a surrogate pair", "secret\ud800123", /could not be read/],
    ["what could not be decoded", "secret\ufffd123", /could not be read/],
    ["a common password", "password1", /less common/],
    ["a common password in capitals", "PASSWORD1", /less common/],
  ];
  for (const [reason, typed, message] of refused) {
    it(`refuses ${reason}, and says so`, () => expect(refusalOf(typed)).to.match(message));
  }

  it("keeps the NFC form, so that every keyboard's spelling verifies", () => {
    expect(parsePassword("e\u0301".repeat(8), MIN)).to.deep.equal({ ok: true, value: "é".repeat(8) });
  });

  it("counts the characters of the NFC form", () => {
    expect(refusalOf("e\u0301".repeat(4))).to.match(/has 4/);
  });

  it("follows the length that the operator sets", () => {
    expect(refusalOf("secret123", 15)).to.match(/at least 15/);
  });
});

describe("a password that may be somebody's already", () => {
  for (const typed of ["x", "password1", "e\u0301", "x".repeat(1024), " "]) {
    it(`is taken as it was typed, and in NFC: ${JSON.stringify(typed.slice(0, 24))}`, () => {
      expect(parseTypedPassword(typed)).to.deep.equal({ ok: true, value: { typed, nfc: typed.normalize("NFC") } });
    });
  }

  for (const [typed, key] of [
    ["", "password.missing"],
    ["é".repeat(512).concat("x"), "password.far_too_long"],
    ["secret\ufffd123", "password.damaged"],
    ["secret\ud800123", "password.damaged"],
    ["secret\x0a3", "password.control"],
    ["secret\x7f123", "password.control"],
  ] as const) {
    it(`cannot have been typed: ${JSON.stringify(typed.slice(0, 24))}`, () => {
      const parsed = parseTypedPassword(typed);
      expect(parsed.ok ? "taken" : parsed.error.key).to.equal(key);
    });
  }
});

describe("a password that is the address it is registered with", () => {
  for (const password of ["alice.smith@example.com", "ALICE.SMITH@example.com", "alice.smith", "Alice.Smith"]) {
    it(`is refused: ${password} of alice.smith@example.com`, () => {
      const { error } = parseRegistration("alice.smith@example.com", password);
      expect(error?.issues[0]?.path).to.deep.equal(["password"]);
      expect(error?.issues[0]?.message).to.equal("password.is_email");
    });
  }

  for (const password of ["longname@bücher.de", "longname@BÜCHER.de", "longname@xn--bcher-kva.de"]) {
    it(`is refused however the domain is spelled: ${password} of longname@bücher.de`, () => {
      expect(parseRegistration("longname@bücher.de", password).success).to.equal(false);
    });
  }
});
