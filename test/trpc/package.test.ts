import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");

/** A frontend of someone else's: it knows the package by name and nothing of this tree. */
const PROGRAM = `
import { type AppRouter, createFoyerClient, isFoyerError } from "foyer/client";
import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Input = inferRouterInputs<AppRouter>["auth"]["register"];
type Output = inferRouterOutputs<AppRouter>["auth"]["register"];
const input: Same<Input, { email: string; password: string }> = true;
const output: Same<Output, { id: number; email: string }> = true;

const foyer = createFoyerClient(process.argv[2] ?? "");
const account = { email: "alice@example.com", password: "secret123" };
const { id, email } = await foyer.auth.register.mutate(account);
// @ts-expect-error an account without a password
const seen: unknown[] = [input, output, id, email, typeof (() => foyer.auth.register.mutate({ email }))];
for (const again of [account, { email: "bob", password: "short" }]) {
  try {
    await foyer.auth.register.mutate(again);
  } catch (error) {
    if (!isFoyerError(error)) throw error;
    const code: "email_taken" | "invalid_input" | (string & {}) | undefined = error.data?.code;
    const fields: { field: "email" | "password"; message: string }[] = error.data?.fields ?? [];
    const seconds: number | undefined = error.data?.retryAfterSeconds;
    seen.push(code, fields.map(({ field }) => field), seconds);
  }
}
console.log(JSON.stringify(seen));
`;

const TSCONFIG = {
  compilerOptions: { target: "es2022", lib: ["es2022", "dom"], module: "nodenext", strict: true, noEmit: true, types: ["node"] },
  files: ["frontend.ts"],
};

describe("the package, as a frontend installs it", function () {
  this.timeout(180_000);
  let foyer: TestFoyer;
  let folder: string;
  before(async () => {
    foyer = await startFoyer();
    folder = await mkdtemp(join(tmpdir(), "foyer-frontend-"));
  });
  after(async () => {
    await foyer.stop();
    await rm(folder, { recursive: true });
  });

  it("type-checks and runs", async () => {
    await run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], { cwd: ROOT });
    const [tarball = ""] = await readdir(folder);
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
    await writeFile(join(folder, "frontend.ts"), PROGRAM);
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG));
    const packages = [tarball, "typescript@7", "@types/node@20", "tsx@4"];
    await run("npm", ["install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", ...packages], { cwd: folder });
    await run(process.execPath, ["node_modules/typescript/bin/tsc"], { cwd: folder }).catch(({ stdout }) => expect.fail(stdout));
    const { stdout } = await run(process.execPath, ["--import", "tsx", "frontend.ts", foyer.url], { cwd: folder });
    expect(JSON.parse(stdout)).to.deep.equal([
      ...[true, true, 1, "alice@example.com", "function"],
      ...["email_taken", [], null],
      ...["invalid_input", ["email", "password"], null],
    ]);
  });
});
