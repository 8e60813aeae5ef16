import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect } from "chai";

const SRC = join(import.meta.dirname, "../src");
const MAX_LINES = 250;

/** Parts that any other may import. They import none themselves. */
const LEAVES = ["result.ts", "language", "secrets"];

/** The features of the service. Each may import those before it, and none after. */
const FEATURES = [
  "identity",
  "registration",
  "verification",
  "sessions",
  "terms",
  "password",
  "email-change",
  "account",
];

const RULE_PARTS = ["service/caller.ts", "service/refusal.ts", "service/availability.ts", "service/procedure.ts"];

/** Who may import whom, from top to bottom. `service` stands for all of its parts. */
const ALLOWED: Record<string, string[]> = {
  "main.ts": ["compose.ts", "http", "ops", "config"],
  cli: ["service", "outbox", "models", "db", "ops", "config"],
  "foyer.ts": ["compose.ts", "http", "trpc", "service", "admission", "events", "models", "db", "ops", "config"],
  "compose.ts": [
    "http/app.ts",
    "service",
    "hashing",
    "limits",
    "mail",
    "events",
    "outbox",
    "models",
    "db",
    "ops",
    "config",
  ],
  "client.ts": ["client"],
  client: ["trpc"],
  "http/app.ts": ["pages", "rest", "trpc", "http", "service", "ops", "config"],
  pages: ["http", "service"],
  rest: ["http", "service/refusal.ts", "service/procedure.ts"],
  trpc: ["http", "admission", ...RULE_PARTS, "service/procedures.ts"],
  http: ["service/caller.ts", "service/refusal.ts", "config"],
  ops: ["config"],
  "service/emails.ts": [
    "service/settings.ts",
    ...FEATURES.slice(2).map((feature) => `service/${feature}`),
    ...["mail", "models", "db"],
  ],
  "service/purges.ts": ["service/settings.ts", ...FEATURES.slice(2).map((feature) => `service/${feature}`), "events"],
  "service/procedures.ts": ["service/procedure.ts", ...FEATURES.slice(1).map((feature) => `service/${feature}`)],
  ...Object.fromEntries(
    FEATURES.slice(1).map((feature, n) => [
      `service/${feature}`,
      [
        ...FEATURES.slice(0, n + 1).map((before) => `service/${before}`),
        ...RULE_PARTS,
        "service/place.ts",
        "service/settings.ts",
        "service/invalid-input.ts",
        ...["admission", "hashing", "limits", "mail", "events", "models", "db"],
      ],
    ]),
  ),
  "service/place.ts": ["service/caller.ts", "admission", "limits"],
  "service/settings.ts": ["service/identity", "models"],
  "service/identity": ["service/refusal.ts", "hashing", "models"],
  "service/procedure.ts": ["service/availability.ts", "service/caller.ts", "service/refusal.ts"],
  "service/availability.ts": ["service/caller.ts", "service/refusal.ts", "db"],
  "service/refusal.ts": ["hashing", "limits"],
  "service/invalid-input.ts": ["service/caller.ts", "service/refusal.ts", "limits", "db"],
  "service/caller.ts": [],
  hashing: ["admission"],
  limits: ["db"],
  mail: ["outbox", "models", "db", "config"],
  events: ["outbox", "models", "db", "config"],
  outbox: ["db"],
  models: [],
  admission: [],
  db: ["config"],
  config: [],
  ...Object.fromEntries(LEAVES.map((leaf) => [leaf, []])),
};

/** Packages that are the business of some parts only. */
const CONFINED: Record<string, RegExp> = {
  express: /^((compose|foyer)\.ts|http|pages|rest|trpc|ops)/,
  "http-errors": /^(foyer\.ts|http|pages|trpc)/,
  zod: /^(config|service|rest|trpc)/,
  handlebars: /^language/,
  "express-handlebars": /^language/,
  "intl-messageformat": /^language/,
  nodemailer: /^mail/,
  "@trpc/server": /^(trpc|client|http\/(refusals|error-handler)\.ts)/,
  "@trpc/client": /^client/,
  "zod-openapi": /^rest/,
  knex: /^(db|service|limits|mail|events|outbox|secrets)/,
  objection: /^(db|service|models|mail|events)/,
  pg: /^db/,
  "@electric-sql/pglite": /^db/,
  bcrypt: /^hashing/,
  piscina: /^hashing/,
  "rate-limiter-flexible": /^limits/,
  "ipaddr.js": /^(limits|events|http\/client-address)/,
  standardwebhooks: /^events/,
  bowser: /^service\/identity/,
  "pino-pretty": /^ops/,
  cookie: /^http/,
  cors: /^http/,
  helmet: /^http/,
  "prom-client": /^ops/,
};

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => /\.[tj]s$/.test(file) && !file.endsWith(".d.ts"));

const textOf = (file: string) => readFileSync(join(SRC, file), "utf8");

/** What a program does, without its comments. A line's own `//` counts as one where it stands after white space. */
function codeOf(file: string) {
  return textOf(file).replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");
}

function specifiersOf(file: string) {
  return [...codeOf(file).matchAll(/(?:\bfrom |\bimport |\bimport\()\s*"([^"]+)"/g)].map(
    ([, specifier = ""]) => specifier,
  );
}

/** The files of `src` that a file imports. */
function importsOf(file: string) {
  return specifiersOf(file)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => relative(SRC, join(SRC, dirname(file), specifier)).replaceAll("\\", "/"));
}

/** The part that a file belongs to: its folder, or in `src` and `service` the file itself. */
function partOf(file: string) {
  const [top = "", ...below] = file.split("/");
  if (file === "http/app.ts") return file;
  return top === "service" ? `service/${below[0]}` : top;
}

function packageOf(specifier: string) {
  const names = specifier.split("/");
  return names.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

function mayImport(part: string, target: string) {
  if (target === part || LEAVES.includes(target)) return true;
  const allowed = ALLOWED[part] ?? [];
  return allowed.includes(target) || allowed.includes(target.split("/")[0] === "service" ? "service" : target);
}

/** A circle of imports that a file is reached by, or undefined. `known` are the files that no circle leads through. */
function circleFrom(file: string, path: string[], known: Set<string>): string[] | undefined {
  if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
  if (known.has(file) || !files.includes(file)) return undefined;
  for (const next of importsOf(file)) {
    const circle = circleFrom(next, [...path, file], known);
    if (circle) return circle;
  }
  known.add(file);
  return undefined;
}

/** The lines of code that match, as `file: line`. */
function linesThat(match: RegExp, among: string[]) {
  return among.flatMap((file) =>
    codeOf(file)
      .split("\n")
      .filter((line) => match.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
}

describe("the architecture: who imports whom", () => {
  for (const file of files) {
    it(`lets ${file} import only parts below it, and packages that are its own business`, () => {
      const part = partOf(file);
      expect(ALLOWED, `${part} needs its place among the others`).to.have.property(part);
      for (const target of importsOf(file)) {
        // The catalogue of English, which the names of its sentences are taken from.
        if (target === "../views/locales/en.json" && part === "language") continue;
        expect(mayImport(part, partOf(target)), `${file} imports ${target}`).to.equal(true);
      }
      for (const specifier of specifiersOf(file).filter((specifier) => !specifier.startsWith("."))) {
        expect(file, `imports ${specifier}`).to.match(CONFINED[packageOf(specifier)] ?? /./);
      }
    });
  }

  it("has each model extend the one whose first row is asked for alone", () => {
    const models = files.filter((file) => file.startsWith("models/") && file !== "models/model.ts");
    expect(linesThat(/\bModel\b.* from "objection"/, models)).to.deep.equal([]);
  });

  it("puts each folder of the service into the order of the features", () => {
    const folders = readdirSync(join(SRC, "service"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name)).to.have.members(FEATURES);
  });

  it("has no circle, among all files", () => {
    const known = new Set<string>();
    for (const file of files) expect(circleFrom(file, [], known)?.join(" → ")).to.equal(undefined);
    expect(known.size).to.equal(files.length);
  });

  it("lets the transports import values of the service from procedures.ts and the features alone", () => {
    const transports = files.filter((file) => /^(pages|rest|trpc)$/.test(partOf(file)));
    const values = linesThat(/^import (?!type).*"\.\.\/service\//, transports);
    expect(values.filter((line) => !/service\/(procedures\.ts|identity\/)/.test(line))).to.deep.equal([]);
  });
});

describe("the architecture: what is said in one place", () => {
  it("reads the environment in one file", () => {
    const readers = files.filter((file) => /\bprocess\.env\b/.test(codeOf(file)));
    expect(readers).to.deep.equal(["config/environment.ts"]);
  });

  // A thrown `createError(415)` is no answer: what to answer stands in the error handler.
  it("writes the status of a refusal or a fault in the table of refusals and the error handler alone", () => {
    const tables = ["http/refusals.ts", "http/error-handler.ts"];
    // A probe answers a balancer, which reads nothing but the status; and too many headers are refused unread.
    const bare = ["ops/health.ts", "http/bound-headers.ts"];
    const others = files.filter((file) => ![...tables, ...bare].includes(file));
    const written = /\.(?:status|sendStatus|writeHead)\([^)]*\b[45]\d\d\b|\bstatus(?:Code)?\s*[:=](?!=).*\b[45]\d\d\b/;
    const row = /^\s*[[{]?\s*[45]\d\d\s*[:,]/;
    expect([...linesThat(written, others), ...linesThat(row, others)]).to.deep.equal([]);
    expect(linesThat(/createError\(\s*5/, others)).to.deep.equal([]);
    for (const table of tables)
      expect([...linesThat(written, [table]), ...linesThat(row, [table])]).not.to.deep.equal([]);
  });

  it("names no feature, procedure or path of one in rest and trpc, but for the lines of trpc/router.ts", () => {
    const descriptions = files
      .filter((file) => /^service\/.*\/procedures\.ts$/.test(file))
      .map(codeOf)
      .join("\n");
    const names = Array.from(descriptions.matchAll(/\bname: "auth\.(\w+)"/g), ([, name = ""]) => name);
    const paths = Array.from(descriptions.matchAll(/\bpath: "\/([\w-]+)/g), ([, path = ""]) => path);
    expect(names).to.have.length.above(2);
    // What all of it is about.
    const words = [...new Set([...names, ...paths, ...FEATURES.slice(1)])].filter((word) => word !== "account");
    const word = new RegExp(`\\b(?:${words.join("|")})\\b`, "i");
    const named = files.filter((file) => /^(rest|trpc)$/.test(partOf(file))).filter((file) => word.test(textOf(file)));
    expect(named).to.deep.equal(["trpc/router.ts"]);
  });
});

describe("the architecture: what can be read at once", () => {
  it(`keeps files to ${MAX_LINES} lines`, () => {
    expect(files.filter((file) => textOf(file).split("\n").length > MAX_LINES)).to.deep.equal([]);
  });

  // Biome counts the lines of functions; this holds that it does so for all of src.
  it("keeps functions to 60 lines, by the linter", () => {
    const { linter, overrides } = JSON.parse(readFileSync(join(SRC, "../biome.json"), "utf8"));
    expect(linter.rules.complexity.noExcessiveLinesPerFunction).to.deep.equal({
      level: "error",
      options: { maxLines: 60 },
    });
    expect(overrides.flatMap(({ includes }: { includes: string[] }) => includes)).to.deep.equal(["test/**"]);
    const suppressed = files.filter((file) => textOf(file).includes("noExcessiveLinesPerFunction"));
    expect(suppressed).to.deep.equal([]);
  });
});
