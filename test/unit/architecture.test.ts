import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect } from "chai";

const SRC = join(import.meta.dirname, "../../src");
const LONGEST_FILE = 250;

/** Who may import whom, from top to bottom. A file of `src` itself counts as a part of its own. */
const ALLOWED: Record<string, string[]> = {
  "main.ts": ["compose.ts", "config.ts", "listen.ts", "ops", "start-error.ts"],
  cli: ["config.ts", "db", "mail", "ops", "service", "start-error.ts"],
  "compose.ts": ["config.ts", "db", "hashing", "limits", "mail", "ops", "server.ts", "service"],
  "listen.ts": ["http", "start-error.ts"],
  "server.ts": ["config.ts", "http", "ops", "pages", "rest", "service", "trpc"],
  "client.ts": ["trpc"],
  "config.ts": ["cores.ts", "setting-values.ts", "start-error.ts"],
  "setting-values.ts": ["database-url.ts"],
  "database-url.ts": [],
  "cores.ts": [],
  "start-error.ts": [],
  pages: ["http", "service"],
  rest: ["http", "service"],
  trpc: ["http", "service"],
  http: ["service"],
  ops: ["config.ts"],
  service: ["db", "hashing", "limits", "mail", "models"],
  models: [],
  hashing: [],
  mail: ["models"],
  limits: ["db"],
  db: ["config.ts", "database-url.ts", "start-error.ts"],
};

/** Packages that are one layer's business. */
const CONFINED: Record<string, RegExp> = {
  express: /^(server\.ts|listen\.ts|compose\.ts|pages|rest|trpc|http|ops)/,
  "express-handlebars": /^(pages|mail)/,
  nodemailer: /^mail/,
  "@trpc/server": /^trpc/,
  "@trpc/client": /^client\.ts/,
  knex: /^(db|service|models|limits|mail|compose\.ts)/,
  objection: /^(db|service|models|mail)/,
  pg: /^db/,
  "@electric-sql/pglite": /^db/,
  bcrypt: /^hashing/,
  piscina: /^hashing/,
  "rate-limiter-flexible": /^limits/,
  cookie: /^http/,
  cors: /^http/,
  "prom-client": /^ops/,
};

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((file) => /\.[tj]s$/.test(file) && !file.endsWith(".d.ts"));

function importsOf(file: string) {
  const text = readFileSync(join(SRC, file), "utf8");
  return [...text.matchAll(/(?:\bfrom |\bimport\()\s*"([^"]+)"/g)].map(([, specifier = ""]) => specifier);
}

function partOf(file: string) {
  return file.split(/[\\/]/)[0] ?? file;
}

function packageOf(specifier: string) {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

describe("the architecture", () => {
  for (const file of files) {
    it(`holds in ${file}`, () => {
      const part = partOf(file);
      expect(ALLOWED, "a new part needs its place among the others").to.have.property(part);
      for (const specifier of importsOf(file)) {
        if (specifier.startsWith(".")) {
          const target = partOf(relative(SRC, join(SRC, dirname(file), specifier)));
          if (target !== part) expect(ALLOWED[part], `${file} imports ${specifier}`).to.include(target);
        } else {
          const where = CONFINED[packageOf(specifier)];
          if (where) expect(file, `imports ${specifier}`).to.match(where);
        }
      }
    });
  }

  it("reads the environment in one file", () => {
    const readers = files.filter((file) => /process\.env\b/.test(readFileSync(join(SRC, file), "utf8")));
    expect(readers).to.deep.equal(["config.ts"]);
  });

  it("keeps files short enough to read at once", () => {
    const long = files.filter((file) => readFileSync(join(SRC, file), "utf8").split("\n").length > LONGEST_FILE);
    expect(long).to.deep.equal([]);
  });
});
