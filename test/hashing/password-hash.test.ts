import bcrypt from "bcrypt";
import { expect } from "chai";
import fc from "fast-check";
import { hashPassword, isStale, verifyPassword } from "../../src/hashing/password-hash.ts";
import { parsePassword } from "../../src/service/identity/password.ts";
import { createBcrypt, fits } from "../support/bcrypt.ts";

const CHEAP = 4;
const SHORT = "secret123";
const LONG = "correct horse battery staple ".repeat(3);

/** As from a keyboard, which may have typed it decomposed. */
const typedAs = (typed: string) => ({ typed, nfc: typed.normalize("NFC") });

const withPrefix = (prefix: string, hash: string) => hash.replace("$2b$", prefix);

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
    expect(await fits(LONG, stored)).to.equal(true);
    expect(await fits(LONG.trimEnd(), stored)).to.equal(false);
  });

  it("counts a long password to its last byte", async () => {
    const stored = await hashPassword(`${"x".repeat(100)}a`, CHEAP, bcrypt);
    expect(await fits(`${"x".repeat(100)}b`, stored)).to.equal(false);
    expect(await fits("x".repeat(72), await hashPassword("x".repeat(73), CHEAP, bcrypt))).to.equal(false);
    expect(await fits("x".repeat(73), await hashPassword("x".repeat(72), CHEAP, bcrypt))).to.equal(false);
  });

  for (const [what, spoil] of [
    ["a NUL behind it", (hash: string) => `${hash}\0`],
    ["a line break behind it", (hash: string) => `${hash}\n`],
    ["a character more", (hash: string) => `${hash}x`],
    ["a character less", (hash: string) => hash.slice(0, -1)],
    ["another version", (hash: string) => hash.replace("2b", "2x")],
    ["nothing in it", () => ""],
  ] as const) {
    it(`verifies nothing against a hash with ${what}`, async () => {
      for (const password of [SHORT, "x".repeat(80)]) {
        expect(await fits(password, spoil(await hashPassword(password, CHEAP, bcrypt)))).to.equal(false);
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
        expect(await fits(parsed.value, stored)).to.equal(true);
        expect(await fits(other, stored)).to.equal(false);
      }),
      { numRuns: 200 },
    );
  });
});

describe("another system's hash", () => {
  for (const [origin, password, stored] of [
    // From the tests of crypt_blowfish and PHP, and Laravel's examples.
    ["crypt_blowfish", "U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"],
    ["crypt_blowfish", "U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"],
    ["PHP", "rasmuslerdorf", "$2a$07$usesomesillystringfore2uDLvp1Ii2e./U9C8sBjqp8I90dH6hi"],
    ["Laravel", "password", "$2y$10$92IXUNpkjO0rOQ5byMi.Ye4oKoEa3Ro9llC/.og/at2.uheWG/igi"],
    [
      "crypt_blowfish, which cut it at 72 bytes",
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored",
      "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
    ],
    // From crypt(3) of libxcrypt 4.4.33.
    ["libxcrypt, of 80 bytes", "0123456789".repeat(8), "$2y$04$LXRvHqGNmPzC5fVtWuYb1evczSkW3I9hFxW52A8fTfwquDUjhChRy"],
    [
      "libxcrypt, which cut it inside of an é",
      `${"x".repeat(71)}é and more`,
      "$2y$04$LXRvHqGNmPzC5fVtWuYb1eDGN3jKcUOTeunrmKoam0NPomt0ma0Mu",
    ],
    ["libxcrypt, beyond ASCII", "ÿÿ£ пароль 🔑", "$2a$04$LXRvHqGNmPzC5fVtWuYb1eJ5ZwLrkahVVqTvRjMVNgZVuE.4y1EL6"],
    [
      "libxcrypt, of a decomposed password",
      "cafe\u0301 a\u030angstrom",
      "$2y$04$LXRvHqGNmPzC5fVtWuYb1ezsRA6377TMHph.WatpQje2QrxVX84l2",
    ],
  ] as const) {
    it(`verifies: ${stored.slice(0, 7)} of ${origin}`, async () => {
      expect(await verifyPassword(typedAs(password), stored, CHEAP, createBcrypt())).to.equal(true);
      expect(await verifyPassword(typedAs(`!${password}`), stored, CHEAP, createBcrypt())).to.equal(false);
    });
  }

  it("is compared with what was typed, and Foyer's own with its NFC form", async () => {
    const own = await hashPassword("café", CHEAP, bcrypt);
    const ofDecomposed = withPrefix("$2y$", await hashPassword("cafe\u0301", CHEAP, bcrypt));
    const results = [];
    for (const typed of ["café", "cafe\u0301"])
      for (const stored of [own, ofDecomposed])
        results.push(await verifyPassword(typedAs(typed), stored, CHEAP, createBcrypt()));
    expect(results).to.deep.equal([true, false, true, true]);
  });
});

describe("the work of a verification", () => {
  const COST = 7;
  const LOWER = 4;

  let short: string;
  let long: string;
  let lower: string;
  let lowerLong: string;
  before(async () => {
    short = await hashPassword(SHORT, COST, bcrypt);
    long = await hashPassword(LONG, COST, bcrypt);
    lower = await hashPassword(SHORT, LOWER, bcrypt);
    lowerLong = await hashPassword(LONG, LOWER, bcrypt);
  });

  /** The work, of which a hash of COST is 1, and what came of it. */
  async function measure(password: string, stored: string | undefined) {
    const counting = createBcrypt();
    const verified = await verifyPassword(typedAs(password), stored, COST, counting);
    return [counting.work() / 2 ** COST, verified];
  }

  const paths: [what: string, password: string, stored: () => string | undefined, verified: boolean][] = [
    ["no such account", SHORT, () => undefined, false],
    ["no such account, and a long password", LONG, () => undefined, false],
    ["the password", SHORT, () => short, true],
    ["another password", "other", () => short, false],
    ["the long password", LONG, () => long, true],
    ["another long password", `${LONG}x`, () => long, false],
    ["a long password for a short one's hash", LONG, () => short, false],
    ["a short password for a long one's hash", SHORT, () => long, false],
    ["a hash of lower cost", SHORT, () => lower, true],
    ["another password for a hash of lower cost", "other", () => lower, false],
    ["a long password for a short one's hash of lower cost", LONG, () => lower, false],
    ["a long password's hash of lower cost", LONG, () => lowerLong, true],
    ["another long password for a hash of lower cost", `${LONG}x`, () => lowerLong, false],
    ["$2a$", SHORT, () => withPrefix("$2a$", short), true],
    ["another password for $2a$", "other", () => withPrefix("$2a$", short), false],
    ["$2a$ of lower cost", SHORT, () => withPrefix("$2a$", lower), true],
    ["$2y$", SHORT, () => withPrefix("$2y$", short), true],
    ["a long password for $2y$", LONG, () => withPrefix("$2y$", short), false],
    ["$2y$ of lower cost", SHORT, () => withPrefix("$2y$", lower), true],
    ["$2x$", SHORT, () => withPrefix("$2x$", short), false],
    ["a cost below bcrypt's", SHORT, () => short.replace("$07$", "$03$"), false],
    ["a cost that would take days", SHORT, () => short.replace("$07$", "$31$"), false],
    ["another scheme", SHORT, () => "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b1hrg", false],
    ["what is no hash", SHORT, () => "password", false],
    ["nothing in it", SHORT, () => "", false],
  ];
  for (const [what, password, stored, verified] of paths) {
    it(`is one hash of the configured cost, no more and no less, for ${what}`, async () => {
      expect(await measure(password, stored())).to.deep.equal([1, verified]);
    });
  }

  it("is that of the stored cost where that is higher", async () => {
    expect(await measure(SHORT, await hashPassword(SHORT, COST + 2, bcrypt))).to.deep.equal([4, true]);
  });
});

describe("a stale hash", () => {
  it("is one that would be written otherwise today", async () => {
    const hashes = async (cost: number) =>
      Promise.all([SHORT, LONG].map((password) => hashPassword(password, cost, bcrypt)));
    const [short = "", long = ""] = await hashes(5);
    expect([short, long].map((stored) => isStale(stored, 5))).to.deep.equal([false, false]);
    const stale = [
      ...(await hashes(4)),
      ...(await hashes(6)),
      ...["$2a$", "$2y$", "$2x$"].map((prefix) => withPrefix(prefix, short)),
      `${short}x`,
      "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b1hrg",
      "",
    ];
    for (const stored of stale) expect(isStale(stored, 5), stored).to.equal(true);
  });
});
