import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export const ROOT = join(import.meta.dirname, "../..");
export const CLIENT = join(ROOT, "dist/client");

/** A project of someone else's, in a folder of its own: it knows the client's package and nothing of this tree. */
export type Consumer = {
  folder: string;
  /** Runs Node in its folder. @returns what it printed. Fails with that, too. */
  node(...args: string[]): Promise<string>;
  write(files: Record<string, string | object>): Promise<void>;
  remove(): Promise<void>;
};

async function writeAll(folder: string, files: Record<string, string | object>) {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), typeof text === "string" ? text : JSON.stringify(text));
  }
}

/** Makes one, with the client's package beside its files: `npm run build:client` must have made that. */
export async function newConsumer(files: Record<string, string | object>): Promise<Consumer & { tarball: string }> {
  if (!existsSync(CLIENT)) throw new Error("run `npm run build:client` first");
  const folder = await mkdtemp(join(tmpdir(), "foyer-client-"));
  const { stdout } = await run("npm", ["pack", "--silent", "--pack-destination", folder, CLIENT]);
  await writeAll(folder, { "package.json": { type: "module", private: true }, ...files });
  return {
    folder,
    tarball: `./${stdout.trim()}`,
    async node(...args) {
      const { stdout } = await run(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 26 }).catch((error) => {
        throw new Error(`${args.join(" ")}: ${error.stdout}${error.stderr}`);
      });
      return stdout;
    },
    write: (more) => writeAll(folder, more),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Installs packages with npm, and the client's. */
export async function installWithNpm({ folder, tarball }: { folder: string; tarball: string }, ...packages: string[]) {
  const flags = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
  await run("npm", ["install", ...flags, tarball, ...packages], { cwd: folder });
}
