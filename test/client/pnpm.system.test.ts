import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { type Consumer, newConsumer, ROOT } from "../support/consumer.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

const PROGRAM = `
import { createFoyerClient, isFoyerError } from "foyer-client";

export const foyer = createFoyerClient(process.argv[2] ?? "");
export const signIn = (email: string) => foyer.auth.signIn.mutate({ email, password: "" });
// @ts-expect-error An account has none: the types are not those of anything.
export const telephone = async () => (await foyer.auth.session.query()).account?.telephone;

await foyer.auth.sessions.query().catch((error: unknown) => {
  console.log(isFoyerError(error) && error.data?.refusal?.code);
});
`;

const FILES = {
  "program.ts": PROGRAM,
  "process.d.ts": "declare const process: { argv: string[] };",
  "tsconfig.json": {
    compilerOptions: {
      target: "es2022",
      lib: ["es2022", "dom"],
      module: "nodenext",
      types: [],
      strict: true,
      skipLibCheck: false,
      declaration: true,
      outDir: "out",
    },
    files: ["program.ts", "process.d.ts"],
  },
  // Each package sees what it names, and nothing else of what is installed.
  "pnpm-workspace.yaml": "hoist: false\nstoreDir: ./store\n",
};

describe("the client's package, installed with pnpm, where each package sees only what it names", function () {
  this.timeout(180_000);
  let foyer: TestFoyer;
  let consumer: Consumer;
  before(async () => {
    foyer = await startFoyer();
    const made = await newConsumer(FILES);
    consumer = made;
    const dependencies = { "foyer-client": `file:${made.tarball}`, "@trpc/client": "^11" };
    await made.write({ "package.json": { type: "module", private: true, dependencies } });
    const tool = join(made.folder, "tool");
    await mkdir(tool);
    const flags = ["--prefix", tool, "--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
    await promisify(execFile)("npm", ["install", ...flags, "pnpm@12"], { cwd: tool });
    await made.node("tool/node_modules/pnpm/bin/pnpm.mjs", "install", "--ignore-scripts");
  });
  after(async () => {
    await foyer.stop();
    await consumer?.remove();
  });

  it("type-checks with all libraries checked, declares itself and runs", async () => {
    await consumer.node(join(ROOT, "node_modules/typescript/bin/tsc"));
    expect(await consumer.node("out/program.js", foyer.url)).to.equal("not_signed_in\n");
  });
});
