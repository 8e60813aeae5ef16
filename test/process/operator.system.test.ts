import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { postJson, spawnFoyer } from "../support/process.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");

describe("the commands and the process of an operator", () => {
  let database: TestDatabase;
  before(async () => {
    database = await createDatabase();
  });
  after(() => database.drop());

  it("npm start passes SIGTERM on, and the process stops in order", async () => {
    // Without `prestart`, which would rebuild dist while other tests use it.
    const env = { ...process.env, ...database.env, PORT: "0" };
    const npm = spawn("npm", ["start", "--ignore-scripts"], { cwd: ROOT, env, stdio: ["ignore", "pipe", "ignore"] });
    let output = "";
    npm.stdout.on("data", (chunk) => {
      output += chunk;
    });
    while (!output.includes("Foyer is open")) await once(npm.stdout, "data");
    const { pid } = JSON.parse(output.split("\n").find((line) => line.includes("Foyer is open")) ?? "{}");
    npm.kill("SIGTERM");
    await once(npm, "close");
    expect(output).to.include('"msg":"stopped"');
    expect(() => process.kill(pid, 0)).to.throw("ESRCH");
  });

  it("knex migrate:status and migrate:make read TypeScript and use the same database", async () => {
    const env = { ...process.env, ...database.env };
    const status = await run("npx", ["knex", "migrate:status"], { cwd: ROOT, env });
    expect(status.stdout).to.include("create_schema").and.include("No Pending Migration");
    // Into a folder of its own, because other tests read the real one.
    const folder = await mkdtemp(join(tmpdir(), "foyer-migrations-"));
    await run("npx", ["knex", "migrate:make", "made_by_a_test", "--migrations-directory", folder], { cwd: ROOT, env });
    expect((await readdir(folder)).join()).to.match(/^\d{14}_made_by_a_test\.ts$/);
    await rm(folder, { recursive: true });
  });

  it("a process with LOG_LEVEL=trace writes no password and no hash", async () => {
    const foyer = spawnFoyer({ ...database.env, LOG_LEVEL: "trace" });
    const url = await foyer.ready;
    const canaries = ["canary-Pa55word", "canary-Pa55word".repeat(9)];
    for (const [n, password] of canaries.entries()) {
      const account = { email: `c${n}@example.com`, password };
      expect([await postJson(url, account), await postJson(url, account)]).to.deep.equal([201, 400]);
      await postJson(url, { email: password, password: `${password}\n` });
      await fetch(`${url}/register`, { method: "POST", body: new URLSearchParams({ ...account, email: "bob" }) });
      const batch = {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ 0: account, 1: account }),
      };
      await fetch(`${url}/trpc/auth.register,auth.register?batch=1`, batch);
      await fetch(`${url}/register`, { ...batch, body: `{"password":"${password}` });
    }
    foyer.child.kill("SIGTERM");
    await foyer.ended;
    const { stdout, stderr } = foyer.output();
    expect(stdout.split("\n").length).to.be.greaterThan(12);
    expect(stdout + stderr).not.to.match(/canary|\$2b\$|bcrypt-sha256/);
  });

  it("a process with METRICS_PORT serves /metrics there and nowhere else", async () => {
    const foyer = spawnFoyer({ ...database.env, METRICS_PORT: "38219" });
    const url = await foyer.ready;
    expect((await fetch(`${url}/metrics`)).status).to.equal(404);
    expect(await (await fetch("http://127.0.0.1:38219/metrics")).text()).to.include("foyer_hash_queue_length 0");
    foyer.child.kill("SIGTERM");
    expect(await foyer.ended).to.equal(0);
  });
});
