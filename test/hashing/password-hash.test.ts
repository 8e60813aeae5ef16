import bcrypt from "bcrypt";
import { expect } from "chai";
import fc from "fast-check";
import { hashPassword, verifyPassword } from "../../src/hashing/password-hash.ts";
import { parsePassword } from "../../src/service/identity/password.ts";

const CHEAP = 4;

describe("the password hash", () => {
  it("is bcrypt's own up to 72 bytes", async () => {
    expect(await hashPassword("é".repeat(36), CHEAP, bcrypt)).to.match(/^\$2b\$04\$[./A-Za-z0-9]{53}$/);
  });

  it("is passlib's bcrypt-sha256 beyond 72 bytes", async () => {
    expect(await hashPassword(`${"é".repeat(36)}x`, CHEAP, bcrypt)).to.match(
      /^\$bcrypt-sha256\$v=2,t=2b,r=4\$[./A-Za-z0-9]{22}\$[./A-Za-z0-9]{31}$/,
    );
  });

  it("verifies what passlib wrote", async () => {
    // bcrypt_sha256.using(rounds=4).hash("correct horse battery staple " * 3), passlib 1.7.4
    const stored = "$bcrypt-sha256$v=2,t=2b,r=4$XyMVHgpNT277lsCO07p3su$xMFEDN5Z6DQ1gZgEQKUDPdzBCR7O74m";
    expect(await verifyPassword("correct horse battery staple ".repeat(3), stored, bcrypt)).to.equal(true);
    expect(await verifyPassword("correct horse battery staple ".repeat(3).trimEnd(), stored, bcrypt)).to.equal(false);
  });

  it("counts a long password to its last byte", async () => {
    const stored = await hashPassword(`${"x".repeat(100)}a`, CHEAP, bcrypt);
    expect(await verifyPassword(`${"x".repeat(100)}b`, stored, bcrypt)).to.equal(false);
    expect(await verifyPassword("x".repeat(72), await hashPassword("x".repeat(73), CHEAP, bcrypt), bcrypt)).to.equal(
      false,
    );
  });

  for (const [what, spoil] of [
    ["a NUL behind it", (hash: string) => `${hash}\0`],
    ["a character more", (hash: string) => `${hash}x`],
    ["a character less", (hash: string) => hash.slice(0, -1)],
    ["another version", (hash: string) => hash.replace("2b", "2x")],
    ["nothing in it", () => ""],
  ] as const) {
    it(`verifies nothing against a hash with ${what}`, async () => {
      for (const password of ["secret123", "x".repeat(80)]) {
        expect(await verifyPassword(password, spoil(await hashPassword(password, CHEAP, bcrypt)), bcrypt)).to.equal(
          false,
        );
      }
    });
  }

  it("verifies every password that is accepted, and no other", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", minLength: 8, maxLength: 256 }), fc.nat(), async (typed, at) => {
        const parsed = parsePassword(typed, 8);
        if (!parsed.ok) return;
        const stored = await hashPassword(parsed.value, CHEAP, bcrypt);
        const characters = [...parsed.value];
        const other = characters
          .with(at % characters.length, characters[at % characters.length] === "x" ? "y" : "x")
          .join("");
        expect(await verifyPassword(parsed.value, stored, bcrypt)).to.equal(true);
        expect(await verifyPassword(other, stored, bcrypt)).to.equal(false);
      }),
      { numRuns: 200 },
    );
  });
});
