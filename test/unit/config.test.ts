import { resolve } from "node:path";
import { expect } from "chai";
import { parseConfig } from "../../src/config.ts";
import { availableCores } from "../../src/cores.ts";
import { StartError } from "../../src/start-error.ts";

describe("the settings", () => {
  it("have a default each", () => {
    expect(parseConfig({})).to.deep.equal({
      host: "127.0.0.1",
      port: 3000,
      publicUrl: new URL("http://localhost:3000"),
      database: { dataDir: resolve("data") },
      bcryptCost: 12,
      hashConcurrency: availableCores(),
      hashMaxWaitSeconds: 5,
      metricsPort: undefined,
      passwordMinLength: 8,
      trustProxy: false,
      logLevel: "info",
    });
  });

  it("count as unset when empty", () => {
    expect(parseConfig({ PORT: "", DATABASE_URL: " ", DATA_DIR: "" })).to.deep.equal(parseConfig({}));
  });

  it("give the database by its URL", () => {
    expect(parseConfig({ DATABASE_URL: "postgres://u:p@h/db", DATABASE_POOL_MAX: "3" }).database).to.deep.equal({
      url: "postgres://u:p@h/db",
      poolMax: 3,
    });
  });

  for (const [value, parsed] of [
    ["true", true],
    ["2", 2],
    ["loopback, 10.0.0.0/8", "loopback,10.0.0.0/8"],
    ["::1", "::1"],
  ] as const) {
    it(`take TRUST_PROXY=${value}`, () => expect(parseConfig({ TRUST_PROXY: value }).trustProxy).to.equal(parsed));
  }

  const wrong = {
    PORT: ["http", "-1", "65536", "3000.5", "1e3"],
    PUBLIC_URL: ["example.com", "ftp://example.com", "https://example.com/accounts", "https://user@example.com"],
    DATABASE_URL: ["localhost", "mysql://root@localhost/db", "postgres://h/db?sslmode=prefer", "postgres://h/db?sslmode=on"],
    DATABASE_POOL_MAX: ["0", "many"],
    HASH_CONCURRENCY: ["0", "all"],
    HASH_MAX_WAIT_SECONDS: ["0", "61"],
    METRICS_PORT: ["-1", "public"],
    BCRYPT_COST: ["9", "17"],
    PASSWORD_MIN_LENGTH: ["7", "65"],
    TRUST_PROXY: ["yes", "10.0.0.0/33", "1.2.3", "loopback,,"],
    LOG_LEVEL: ["verbose"],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      it(`refuse ${name}=${value} in one line that says what is expected`, () => {
        expect(() => parseConfig({ [name]: value })).to.throw(StartError, new RegExp(`^${name}: expected [^\\n]+$`));
      });
    }
  }

  it("are not repeated where they are wrong, for they may hold a password", () => {
    expect(() => parseConfig({ DATABASE_URL: "http://user:hunter2@localhost/db" }))
      .to.throw(StartError)
      .with.property("message")
      .that.does.not.include("hunter2");
  });

  it("name every wrong one at once", () => {
    expect(() => parseConfig({ PORT: "x", BCRYPT_COST: "x" })).to.throw(StartError, /^PORT: .+\nBCRYPT_COST: .+$/);
  });
});
