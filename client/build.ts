import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Makes the package of the typed client, in dist/client. The compiler first writes the client's contract with the server
 * as a declaration in which nothing of the server is named (src/client/contract.ts). Then it compiles the client's
 * sources with that in the contract's place: against a browser's types alone, and no file of the server.
 */
const ROOT = join(import.meta.dirname, "..");
const SOURCES = join(ROOT, "dist/client-sources");
const PACKAGE = join(ROOT, "dist/client");
const CONTRACT = "client/contract.d.ts";

function compile(project: string) {
  execFileSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", join(ROOT, project)], {
    stdio: "inherit",
  });
}

function copy(from: string, to: string) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}

for (const folder of [SOURCES, PACKAGE]) rmSync(folder, { recursive: true, force: true });
compile("client/tsconfig.contract.json");
const contract = readFileSync(join(SOURCES, CONTRACT));
rmSync(SOURCES, { recursive: true });

const modules = readdirSync(join(ROOT, "src/client")).map((name) => `client/${name}`);
for (const file of ["client.ts", "trpc/batch.ts", ...modules.filter((name) => name !== "client/contract.ts")])
  copy(join(ROOT, "src", file), join(SOURCES, file));
for (const folder of [SOURCES, PACKAGE]) {
  mkdirSync(join(folder, dirname(CONTRACT)), { recursive: true });
  writeFileSync(join(folder, CONTRACT), contract);
}
compile("client/tsconfig.json");
rmSync(SOURCES, { recursive: true });

copy(join(ROOT, "client/README.md"), join(PACKAGE, "README.md"));
const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const description = JSON.parse(readFileSync(join(ROOT, "client/package.json"), "utf8"));
writeFileSync(join(PACKAGE, "package.json"), `${JSON.stringify({ ...description, version }, null, 2)}\n`);
