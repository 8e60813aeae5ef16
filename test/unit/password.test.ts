import { expect } from "chai";
import { registrationInput } from "../../src/service/input.ts";
import { parsePassword } from "../../src/service/password.ts";

const MIN = 8;

describe("the password rule", () => {
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
    ["NUL", "secret\x0a3", /control characters/],
    ["a line break", "secret\n123", /control characters/],
    ["half a surrogate pair", "secret\ud800123", /damaged/],
    ["what could not be decoded", "secret\ufffd123", /damaged/],
    ["a common password", "password1", /less common/],
    ["a common password in capitals", "PASSWORD1", /less common/],
  ];
  for (const [reason, typed, message] of refused) {
    it(`refuses ${reason}`, () => expect(parsePassword(typed, MIN)).to.have.property("message").that.matches(message));
  }

  it("refuses an address with an international domain however it is spelled", () => {
    for (const password of ["longname@bücher.de", "longname@BÜCHER.de", "longname@xn--bcher-kva.de"]) {
      const result = registrationInput({ passwordMinLength: MIN, policy: { open: true, domains: [], refuseDisposable: false } }).safeParse({
        email: "longname@bücher.de",
        password,
      });
      expect(result.success).to.equal(false);
    }
  });

  it("counts and keeps the NFC form, so that every keyboard's spelling verifies", () => {
    const decomposed = "e\u0301".repeat(8);
    expect(parsePassword(decomposed, MIN)).to.deep.equal({ ok: true, value: "é".repeat(8) });
    expect(parsePassword("e\u0301".repeat(4), MIN))
      .to.have.property("message")
      .that.matches(/has 4/);
  });

  it("follows the length that the operator sets", () => {
    expect(parsePassword("secret123", 15))
      .to.have.property("message")
      .that.matches(/at least 15/);
  });

  for (const password of ["alice.smith@example.com", "ALICE.SMITH@example.com", "alice.smith", "Alice.Smith"]) {
    it(`refuses ${password} for the owner of alice.smith@example.com`, () => {
      const result = registrationInput({ passwordMinLength: MIN, policy: { open: true, domains: [], refuseDisposable: false } }).safeParse({
        email: "alice.smith@example.com",
        password,
      });
      expect(result.error?.issues[0]?.path).to.deep.equal(["password"]);
    });
  }
});
