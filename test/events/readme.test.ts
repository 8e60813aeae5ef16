import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { startFoyer } from "../support/foyer.ts";
import { example } from "../support/readme.ts";
import { SECRET } from "../support/receiver.ts";
import { newAddress } from "../support/sign-up.ts";
import { waitFor } from "../support/wait-for.ts";

const ROOT = join(import.meta.dirname, "../..");
const COMPILER = ["--target", "es2022", "--module", "nodenext", "--strict", "--skipLibCheck", "--types", "node"];

/** Compiles README's receiver as a project of someone else's would. */
async function compile() {
  const folder = await mkdtemp(join(tmpdir(), "foyer-events-"));
  const modules = join(folder, "node_modules");
  await mkdir(modules);
  for (const name of ["express", "standardwebhooks", "@types"])
    await symlink(join(ROOT, "node_modules", name), join(modules, name));
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
  await writeFile(join(folder, "events.ts"), example("events.ts"));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  await promisify(execFile)(process.execPath, [tsc, ...COMPILER, "events.ts"], { cwd: folder }).catch(({ stdout }) =>
    expect.fail(stdout),
  );
  return folder;
}

describe("README's receiver of events", () => {
  it("takes what is signed, once for each id, and refuses all else", async () => {
    const folder = await compile();
    const { createReceiver } = await import(pathToFileURL(join(folder, "events.js")).href);
    const told: { type: string; id: string }[] = [];
    const tell = async ({ type }: { type: string }, id: string) => void told.push({ type, id });
    const server = createServer(createReceiver(SECRET, tell)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/foyer-events`);
    const foyer = await startFoyer({ webhook: { url, secrets: [SECRET], allowsPrivate: true } });
    await foyer.register(newAddress());
    await waitFor(async () => told[0]);
    expect(told).to.deep.equal([{ type: "account.created", id: told[0]?.id }]);
    const headers = { "Content-Type": "application/json" };
    const forged = await fetch(url, { method: "POST", headers, body: '{"type":"account.deleted"}' });
    expect(forged.status).to.equal(401);
    expect(told).to.have.length(1);
    await foyer.stop();
    server.close();
    await rm(folder, { recursive: true });
  });
});
