import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { cp, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { example } from "../support/readme.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");

const FLAGS = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
const PACKAGES = ["@trpc/server", "chai", "express", "knex", "mocha", "supertest", "tsx", "typescript"];
const TYPES = ["chai", "express", "mocha", "node@20", "supertest"].map((name) => `@types/${name}`);

/** Prints how long each start takes, in milliseconds. */
const STARTS = `
import { createFoyer } from "foyer";
for (let n = 0; n < 2; n += 1) {
  const begun = performance.now();
  const foyer = await createFoyer({ memory: true, logLevel: "silent" });
  console.log(performance.now() - begun);
  await foyer.close();
}
`;

const TSCONFIG = {
  compilerOptions: {
    module: "nodenext",
    types: ["node", "mocha"],
    target: "es2024",
    strict: true,
    declaration: true,
    outDir: "out",
    rewriteRelativeImportExtensions: true,
  },
  include: ["*.ts"],
};

describe("the package, installed in an app in Express", function () {
  this.timeout(240_000);
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "foyer-app-"));
    // Other tests use what is built, so it is not built again: what `prepack` does besides is done here.
    await run(process.execPath, ["dist/src/cli/memory-template.js", "dist/memory.tar.gz"], { cwd: ROOT });
    const { stdout } = await run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], {
      cwd: ROOT,
    });
    await cp(join(ROOT, "examples/express"), folder, { recursive: true });
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG));
    await run("npm", ["install", ...FLAGS, `./${stdout.trim()}`, ...PACKAGES, ...TYPES], { cwd: folder });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("gives the example its types, all of them, and those that its declarations name", async () => {
    const { stdout } = await run("npx", ["tsc"], { cwd: folder }).catch(({ stdout }) => ({ stdout }));
    expect(stdout).to.equal("");
  });

  it("has README show the example as it is", () => {
    for (const name of ["app.ts", "router.ts", "leave.ts"])
      expect(example(name)).to.equal(readFileSync(join(ROOT, "examples/express", name), "utf8"));
  });

  it("starts in memory from the database that the package has, which takes less than making one", async () => {
    await writeFile(join(folder, "starts.js"), STARTS);
    const quickest = async () => {
      const { stdout } = await run(process.execPath, ["starts.js"], { cwd: folder });
      return Math.min(...stdout.trim().split("\n").map(Number));
    };
    const prepared = await quickest();
    const template = join(folder, "node_modules/foyer/dist/memory.tar.gz");
    await rename(template, `${template}.away`);
    const made = await quickest();
    await rename(`${template}.away`, template);
    expect(prepared / made).to.be.below(0.75);
  });

  it("runs the example, and its own test", async () => {
    const args = ["mocha", "--node-option", "import=tsx", "--timeout", "60000", "--exit", "app.test.ts"];
    const { stdout } = await run("npx", args, { cwd: folder });
    expect(stdout).to.include("2 passing");
  });
});
