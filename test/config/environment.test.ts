import { resolve } from "node:path";
import { expect } from "chai";
import { availableCores } from "../../src/config/cores.ts";
import { parseConfig } from "../../src/config/environment.ts";
import { StartError } from "../../src/config/start-error.ts";

describe("the settings", () => {
  it("have a default each", () => {
    expect(parseConfig({})).to.deep.equal({
      host: "127.0.0.1",
      port: 3000,
      keepAliveSeconds: 75,
      resetMinutes: 30,
      reauthenticationMinutes: 10,
      deletionGraceDays: 7,
      noticeNewSignIn: false,
      languages: [],
      sessions: {
        browser: { seconds: 86_400, idleSeconds: 43_200 },
        kept: { seconds: 2_592_000, idleSeconds: 1_209_600 },
        bearer: { seconds: 7_776_000, idleSeconds: 2_592_000 },
      },
      shutdownGraceSeconds: 5,
      publicUrl: new URL("http://localhost:3000"),
      brand: {
        name: "Foyer",
        logo: undefined,
        colors: {
          light: { accent: "#3a4ed5", hover: "#2933ba" },
          dark: { accent: "#8f9dff", hover: "#aebbff" },
          isDarkDerived: false,
        },
        supportEmail: undefined,
        termsUrl: undefined,
        privacyUrl: undefined,
      },
      terms: undefined,
      viewsDir: undefined,
      appUrl: undefined,
      returnOrigins: [],
      database: { dataDir: resolve("data"), schema: "public" },
      bcryptCost: 12,
      hashConcurrency: availableCores(),
      hashMaxWaitSeconds: 5,
      metricsPort: undefined,
      passwordMinLength: 8,
      policy: { open: true, domains: [], refuseDisposable: false },
      privacy: "open",
      verificationHours: 24,
      unverifiedDays: 7,
      mail: { kind: "mailbox", from: { name: "Foyer", address: "foyer@localhost" } },
      webhook: undefined,
      requestLimit: { count: 1200, seconds: 60 },
      rateLimits: {
        perIp: { count: 100, seconds: 600 },
        perEmail: { count: 60, seconds: 600 },
        perMailbox: { count: 5, seconds: 3600 },
        perDomain: { count: 60, seconds: 600 },
        total: { count: 600, seconds: 60 },
        signIn: { count: 50, seconds: 600 },
      },
      botDetection: { honeypot: true, minFillMs: 150 },
      corsOrigins: [],
      trustProxy: false,
      logLevel: "info",
    });
  });

  it("count as unset when empty", () => {
    expect(parseConfig({ PORT: "", DATABASE_URL: " ", DATA_DIR: "" })).to.deep.equal(parseConfig({}));
  });

  it("take several hosts of a database", () => {
    const url = "postgres://u:p@h1:5432,h2:5433/db?target_session_attrs=read-write";
    expect(parseConfig({ DATABASE_URL: url }).database).to.include({ url, poolMax: 10 });
  });

  it("give the database by its URL", () => {
    expect(parseConfig({ DATABASE_URL: "postgres://u:p@h/db", DATABASE_POOL_MAX: "3" }).database).to.deep.equal({
      url: "postgres://u:p@h/db",
      poolMax: 3,
      schema: "public",
    });
  });

  for (const value of ["foyer", "My schéma-$1", "_1", "select", "a".repeat(63)]) {
    it(`take DATABASE_SCHEMA=${value}`, () =>
      expect(parseConfig({ DATABASE_SCHEMA: value }).database.schema).to.equal(value));
  }

  for (const value of [
    "a.b",
    '"foyer"',
    "a".repeat(64),
    "é".repeat(32),
    "x as y",
    "pg_foyer",
    "information_schema",
    "foyer;",
  ]) {
    it(`refuse DATABASE_SCHEMA=${value} in one line that says what is expected`, () => {
      expect(() => parseConfig({ DATABASE_SCHEMA: value })).to.throw(
        StartError,
        /^DATABASE_SCHEMA: expected .*such as foyer[^\n]*$/,
      );
    });
  }

  for (const [value, parsed] of [
    ["true", true],
    ["2", 2],
    ["0", false],
    ["loopback, 10.0.0.0/8", "loopback,10.0.0.0/8"],
    ["::1", "::1"],
  ] as const) {
    it(`take TRUST_PROXY=${value}`, () => expect(parseConfig({ TRUST_PROXY: value }).trustProxy).to.equal(parsed));
  }

  it("read lists and rates", () => {
    const config = parseConfig({
      REGISTRATION_DOMAINS: "BÜCHER.de, .example.org",
      CORS_ORIGINS: "https://app.example.com,http://localhost:5173",
      LANGUAGES: "DE, zh-hant,en",
      RATE_LIMIT_PER_EMAIL: "3/2h",
    });
    expect(config.policy.domains).to.deep.equal(["xn--bcher-kva.de", ".example.org"]);
    expect(config.languages).to.deep.equal(["de", "zh-Hant", "en"]);
    expect(config.corsOrigins).to.deep.equal(["https://app.example.com", "http://localhost:5173"]);
    expect(config.rateLimits?.perEmail).to.deep.equal({ count: 3, seconds: 7200 });
    expect(parseConfig({ RATE_LIMITS: "off" }).rateLimits).to.equal(undefined);
  });

  for (const [written, sent] of [
    ["https://app.example.com/", "https://app.example.com"],
    ["HTTPS://App.Example.COM", "https://app.example.com"],
    ["https://app.example.com:443", "https://app.example.com"],
    ["http://app.example.com:80", "http://app.example.com"],
    ["https://app.example.com:80", "https://app.example.com:80"],
    ["https://bücher.de", "https://xn--bcher-kva.de"],
    ["http://[::1]:5173", "http://[::1]:5173"],
    ["https://*.bücher.de:443/", "https://*.xn--bcher-kva.de"],
    ["https://*.app.github.io", "https://*.app.github.io"],
    ["http://*.localhost:5173", "http://*.localhost:5173"],
  ] as const) {
    it(`take CORS_ORIGINS=${written} as browsers write it`, () =>
      expect(parseConfig({ CORS_ORIGINS: written }).corsOrigins).to.deep.equal([sent]));
  }

  for (const written of ["https://example.com/account", "https://example.com/account/"]) {
    it(`take PUBLIC_URL=${written}, below which all is`, () =>
      expect(parseConfig({ PUBLIC_URL: written }).publicUrl.href).to.equal("https://example.com/account/"));
  }

  const wrong = {
    PORT: ["http", "-1", "65536", "3000.5", "1e3"],
    PUBLIC_URL: [
      "example.com",
      "ftp://example.com",
      "https://example.com/accounts?x",
      "https://example.com/a%20b",
      "https://user@example.com",
      "https://*.example.com",
    ],
    DATABASE_URL: [
      "localhost",
      "mysql://root@localhost/db",
      "postgres://h",
      "postgres://h/",
      "postgres://u:p@ss/w#rd@h/db",
      "postgres://u:p@s/w@h/db",
      "postgres://h/db#x",
      "postgres://h/db?sslmode=prefer",
      "postgres://h/db?sslmode=on",
      "postgres://h/db?ssl=true",
      "postgres://h/db?sslmode=require&sslmode=disable",
      "postgres://h/db?sslmode=verify-ca",
      "postgres://u:my#pass@h:5432/x",
      "postgres://h1,h2/db?target_session_attrs=standby",
    ],
    DATABASE_POOL_MAX: ["0", "many"],
    HASH_CONCURRENCY: ["0", "all"],
    HASH_MAX_WAIT_SECONDS: ["0", "61"],
    METRICS_PORT: ["-1", "public", "3000"],
    BCRYPT_COST: ["9", "17"],
    PASSWORD_MIN_LENGTH: ["7", "65"],
    TRUST_PROXY: ["yes", "10.0.0.0/33", "1.2.3", "loopback,,"],
    LOG_LEVEL: ["verbose"],
    REGISTRATION: ["no"],
    REGISTRATION_DOMAINS: ["localhost", "a@example.com", "exa mple.com, b", "*.example.com", ",", "example.com,"],
    REGISTRATION_DISPOSABLE: ["on"],
    RATE_LIMITS: ["yes"],
    RATE_LIMIT_REQUESTS: ["1200"],
    RATE_LIMIT_PER_IP: ["100", "0/1m", "10/1w", "10/m", "1/9999d"],
    RATE_LIMIT_PER_EMAIL: ["-1/1m"],
    RATE_LIMIT_TOTAL: ["1.5/1m"],
    RATE_LIMIT_PER_MAILBOX: ["5"],
    REGISTRATION_PRIVACY: ["secret"],
    VERIFICATION_HOURS: ["0", "1d"],
    UNVERIFIED_DAYS: ["0", "366"],
    SMTP_URL: [
      "smtp.example.com",
      "https://smtp.example.com",
      "smtp://",
      "smtp://u:12#34@smtp.example.com",
      "smtp://u:12/34@smtp.example.com",
      "smtp://u:12?34@smtp.example.com",
      "smtp://u:my#pass@smtp.example.com",
      "smtp://smtp.example.com/path",
      "smtp://smtp.example.com#x",
      "smtp://h?socketTimeout=30s",
      "smtp://h?greetingTimeout=0",
      "smtp://h?connectionTimeout=-1",
      "smtp://h?dnsTimeout=1e4",
      "smtp://h?greetingTimeout=1000&greetingTimeout=2000",
      "smtp://h?greetingTimeOut=1000",
      "smtp://h?requireTLS=yes",
      "smtp://h?requireTLS",
      "smtp://h:465?secure=true",
      "smtp://h?tls.rejectUnauthorized=0",
      "smtp://h?authMethod=ntlm",
      "smtp://h?maxConnections=0",
      "smtp://h?maxRequeues=5",
      "smtp://h?pool=false",
      "smtp://h?logger=true",
      "smtp://h?__proto__=1",
    ],
    MAIL_FROM: [
      "accounts",
      "a@localhost",
      "a@example.com, b@example.com",
      "A <a@example.com>, B <b@example.com>",
      "a@example.com <b@example.com>",
      "A <a@example.com><b@example.com>",
      "Team: a@example.com, b@example.com;",
      "Team: A <a@example.com>;",
      '"Team: A" <a@example.com>;',
      "Team:;",
      "Example",
      "Example <>",
      "Example <a@>",
      "Example <@example.com>",
      "Example <a@example.com",
      "Example a@example.com",
      '"Example <a@example.com>',
      'Ex"ample <a@example.com>',
      "Example <mailto:a@example.com>",
      "Ex\\ample <a@example.com>",
      "Example <EU> <a@example.com>",
      "a@example.com (Example)",
      "a@127.0.0.1",
      "a@[127.0.0.1]",
      "a@example..com",
      "a@-example.com",
      "a@exa_mple.com",
      "jörg@example.com",
      '"a b"@example.com',
      ".a@example.com",
      `${"a".repeat(65)}@example.com`,
      `a@${"a".repeat(64)}.com`,
      `${"x".repeat(257)} <a@example.com>`,
      "Example <a@example.com>\nBcc: x@example.com",
      "Example\r\n Inc. <a@example.com>",
      '"Example\r\nBcc: x@example.com" <a@example.com>',
      "Exam\u2028ple <a@example.com>",
      "Exam\tple <a@example.com>",
    ],
    FORM_HONEYPOT: ["true"],
    FORM_MIN_FILL_MS: ["2s"],
    KEEP_ALIVE_SECONDS: ["0", "75s", "7201"],
    SHUTDOWN_GRACE_SECONDS: ["-1", "5s", "901"],
    LANGUAGES: ["german", "de,", "d_e", "*"],
    CORS_ORIGINS: [
      "*",
      "null",
      "https://*",
      "app.example.com",
      "https://a.example/app",
      "https://a.example?",
      "https://u@a.example",
      "https://a.example:*",
      "https://*example.com",
      "https://app-*.example.com",
      "https://a.*.example.com",
      "https://*.*.example.com",
      "https://*.com",
      "https://*.co.uk",
      "https://*.github.io",
      "https://a.example,",
      "capacitor://localhost",
    ],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      it(`refuse ${name}=${value} in one line that says what is expected`, () => {
        expect(() => parseConfig({ [name]: value })).to.throw(StartError, new RegExp(`^${name}: expected [^\\n]+$`));
      });
    }
  }

  for (const [given, name, address = "a@example.com"] of [
    ["a@example.com", ""],
    [" <a@example.com> ", ""],
    ["Example <a@example.com>", "Example"],
    ["Example<a@example.com>", "Example"],
    ['"Example, Inc." <a@example.com>', "Example, Inc."],
    ["Example, Inc. <a@example.com>", "Example, Inc."],
    ["Example: Accounts <a@example.com>", "Example: Accounts"],
    ['"Example: Accounts" <a@example.com>', "Example: Accounts"],
    ["Example; Accounts <a@example.com>", "Example; Accounts"],
    ["Example (Accounts) [EU] <a@example.com>", "Example (Accounts) [EU]"],
    ['"The \\"Example\\" \\\\ Co." <a@example.com>', 'The "Example" \\ Co.'],
    ['"a@example.com" <a@example.com>', "a@example.com"],
    ['"Example <EU>" <a@example.com>', "Example <EU>"],
    ['Foo "Bar" Baz <a@example.com>', "Foo Bar Baz"],
    ['"Example" "Inc" <a@example.com>', "Example Inc"],
    ['"Example""Inc"<a@example.com>', "Example Inc"],
    ['The "Ex, \\"am\\" <ple>" of:  Accounts <a@example.com>', 'The Ex, "am" <ple> of: Accounts'],
    ['"Example" (Accounts) <a@example.com>', "Example (Accounts)"],
    ['"" <a@example.com>', ""],
    ["$1 $& <a@example.com>", "$1 $&"],
    ["O'Brien & Co. <a@example.com>", "O'Brien & Co."],
    ["Bücher 本 👩‍💻 <a@example.com>", "Bücher 本 👩‍💻"],
    [`${"x".repeat(256)} <a@example.com>`, "x".repeat(256)],
    ["Bücher <a@Bücher.de>", "Bücher", "a@xn--bcher-kva.de"],
    ["Accounts+EU.x@EXAMPLE.com", "", "Accounts+EU.x@example.com"],
  ] as const) {
    it(`take MAIL_FROM=${given} apart into a name and an address`, () => {
      expect(parseConfig({ MAIL_FROM: given }).mail).to.deep.equal({ kind: "mailbox", from: { name, address } });
    });
  }

  for (const given of [
    "smtp://127.0.0.1",
    "smtp://[::1]:2525/",
    "smtps://a%40b.example:p%40s%2Fs%3F@h.example?pool=true&maxConnections=3&maxMessages=50&rateLimit=5&rateDelta=1000",
    "smtp://h?connectionTimeout=1&greetingTimeout=20000&socketTimeout=600000&dnsTimeout=5000&idleTimeout=1000&requireTLS=true",
    "smtp://h?name=mail.example.com&localAddress=192.0.2.1&ignoreTLS=true&opportunisticTLS=false&authMethod=LOGIN",
    "smtp://h?tls.rejectUnauthorized=false&tls.servername=mail.example.com&tls.minVersion=TLSv1.3",
  ]) {
    it(`take SMTP_URL=${given}`, () => {
      expect(parseConfig({ SMTP_URL: given, MAIL_FROM: "a@example.com" }).mail).to.include({
        kind: "smtp",
        url: given,
      });
    });
  }

  it("say how mails leave", () => {
    const smtp = { SMTP_URL: "smtps://user:pass@smtp.example.com", MAIL_FROM: "Example <accounts@example.com>" };
    expect(parseConfig(smtp).mail).to.deep.equal({
      kind: "smtp",
      url: smtp.SMTP_URL,
      from: { name: "Example", address: "accounts@example.com" },
    });
    expect(() => parseConfig({ SMTP_URL: smtp.SMTP_URL })).to.throw(StartError, /^MAIL_FROM: expected the address/);
    for (const publicUrl of ["http://localhost:3000", "http://127.0.0.1:3000", "http://[::1]:3000"]) {
      expect(parseConfig({ PUBLIC_URL: publicUrl }).mail.kind).to.equal("mailbox");
    }
  });

  it("say whom events are told to, signed with one secret or, while it is exchanged, two", () => {
    const secret = (bytes: number) => `whsec_${Buffer.alloc(bytes, 1).toString("base64")}`;
    const url = "https://app.example.com/events?x=1";
    const WEBHOOK_SECRET = `${secret(24)},${secret(64)}`;
    expect(parseConfig({ WEBHOOK_URL: url, WEBHOOK_SECRET }).webhook).to.deep.equal({
      url: new URL(url),
      secrets: [secret(24), secret(64)],
      allowsPrivate: false,
    });
    const http = { WEBHOOK_URL: "http://10.0.0.7:8080/", WEBHOOK_SECRET };
    expect(parseConfig({ ...http, WEBHOOK_PRIVATE: "on" }).webhook?.allowsPrivate).to.equal(true);
    for (const [env, line] of [
      [http, /^WEBHOOK_URL: expected https:\/\//],
      [{ WEBHOOK_URL: url }, /^WEBHOOK_SECRET: expected the secret/],
      [{ WEBHOOK_URL: "app.example.com", WEBHOOK_SECRET }, /^WEBHOOK_URL: expected the address/],
      [{ WEBHOOK_URL: "https://u:hunter2@example.com", WEBHOOK_SECRET }, /^WEBHOOK_URL: .* without a password/],
      [{ WEBHOOK_PRIVATE: "yes" }, /^WEBHOOK_PRIVATE: expected on or off$/],
      ...["hunter2", secret(23), secret(65), secret(24).slice(6), `${secret(24)}x`, `${secret(24)},`].map(
        (wrong) =>
          [{ WEBHOOK_URL: url, WEBHOOK_SECRET: wrong }, /^WEBHOOK_SECRET: expected whsec_ and 24 to 64 /] as const,
      ),
    ] as const) {
      expect(() => parseConfig(env))
        .to.throw(StartError, line)
        .with.property("message")
        .that.does.not.match(/hunter2|\n/);
    }
  });

  it("keep a link no longer than what it is for", () => {
    expect(() => parseConfig({ VERIFICATION_HOURS: "49", UNVERIFIED_DAYS: "2" })).to.throw(
      StartError,
      /^VERIFICATION_HOURS: expected/,
    );
    expect(parseConfig({ VERIFICATION_HOURS: "48", UNVERIFIED_DAYS: "2" }).verificationHours).to.equal(48);
  });

  it("show mails on no page that others may open", () => {
    for (const env of [
      { NODE_ENV: "production" },
      { PUBLIC_URL: "https://accounts.example.com" },
      { PUBLIC_URL: "http://192.168.0.7:3000" },
    ]) {
      expect(parseConfig(env).mail).to.deep.equal({ kind: "none" });
    }
  });

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
