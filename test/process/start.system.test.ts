import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import {
  createDatabase,
  createEmbedded,
  createEmptyDatabase,
  postgresUrl,
  type TestDatabase,
} from "../support/database.ts";
import { type FoyerProcess, postJson, spawnFoyer } from "../support/process.ts";

/** Expects the process to end with one line, and gives it. */
async function lineOf(foyer: FoyerProcess) {
  expect(await foyer.ended).to.equal(1);
  const { stderr } = foyer.output();
  expect(stderr.trim().split("\n"), stderr).to.have.length(1);
  return stderr.trim();
}

describe("a start that cannot succeed", () => {
  let folder: string;
  let database: TestDatabase;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "foyer-start-"));
    database = await createDatabase();
  });
  after(async () => {
    await rm(folder, { recursive: true });
    await database.drop();
  });

  it("ends with one line that says what was expected of a wrong setting", async () => {
    expect(await lineOf(spawnFoyer({ BCRYPT_COST: "4" }))).to.equal(
      "foyer: BCRYPT_COST: expected a whole number from 10 to 16",
    );
  });

  for (const setting of ["PORT", "METRICS_PORT"]) {
    it(`ends with one line when the port of ${setting} is in use`, async () => {
      const other = createServer().listen(0, "127.0.0.1");
      await once(other, "listening");
      const { port } = other.address() as { port: number };
      expect(await lineOf(spawnFoyer({ ...database.env, [setting]: String(port) }))).to.include(
        `foyer: ${setting}: ${port} is in use`,
      );
      other.close();
    });
  }

  it("ends with one line when HOST is not an address of this machine", async () => {
    expect(await lineOf(spawnFoyer({ ...database.env, HOST: "192.0.2.1" }))).to.include("HOST: 192.0.2.1");
  });

  it("ends with one line when the data folder cannot be written", async () => {
    await writeFile(join(folder, "file"), "");
    expect(await lineOf(spawnFoyer({ DATA_DIR: join(folder, "file", "data") }))).to.match(
      /DATA_DIR: cannot write to .*file.data/,
    );
  });

  it("ends with one line when the database in the data folder is damaged", async () => {
    const embedded = await createEmbedded();
    await rm(join(embedded.env["DATA_DIR"] ?? "", "pgdata/global"), { recursive: true });
    expect(await lineOf(spawnFoyer(embedded.env))).to.include("DATA_DIR: cannot open the database");
    await embedded.drop();
  });

  it("ends with one line when another PostgreSQL version wrote the data folder", async () => {
    await mkdir(join(folder, "old/pgdata"), { recursive: true });
    await writeFile(join(folder, "old/pgdata/PG_VERSION"), "17\n");
    expect(await lineOf(spawnFoyer({ DATA_DIR: join(folder, "old") }))).to.include("PostgreSQL 17");
  });

  it("ends with one line when another process uses the data folder, which goes on serving", async () => {
    const embedded = await createEmbedded();
    const first = spawnFoyer(embedded.env);
    const url = await first.ready;
    expect(await lineOf(spawnFoyer(embedded.env))).to.include(`${embedded.env["DATA_DIR"]} is in use by another Foyer`);
    expect(await postJson(url, { email: "alice@example.com", password: "secret123" })).to.equal(201);
    first.child.kill("SIGTERM");
    expect(await first.ended).to.equal(0);
    await embedded.drop();
  });

  it("ends with one line, without the password, when no database answers", async () => {
    const line = await lineOf(spawnFoyer({ DATABASE_URL: "postgres://foyer:hunter2@127.0.0.1:1/accounts" }));
    expect(line)
      .to.match(/^foyer: DATABASE_URL: /)
      .and.include("PostgreSQL at 127.0.0.1:1/accounts")
      .and.include("ECONNREFUSED")
      .and.not.include("hunter2");
  });

  it("ends with one line when the database refuses the user", async function () {
    if (!postgresUrl) return this.skip();
    const url = new URL(postgresUrl);
    url.username = "nobody_of_that_name";
    expect(await lineOf(spawnFoyer({ DATABASE_URL: url.href }))).to.match(
      /^foyer: DATABASE_URL: .*nobody_of_that_name.* cannot be used; check the URL/,
    );
  });
});

describe("several instances that start at once", () => {
  it("all create and serve one schema on an empty PostgreSQL", async function () {
    if (!postgresUrl) return this.skip();
    const database = await createEmptyDatabase();
    const instances = Array.from({ length: 4 }, () => spawnFoyer(database.env));
    const urls = await Promise.all(instances.map(({ ready }) => ready));
    const statuses = await Promise.all(
      urls.map((url) => postJson(url, { email: "alice@example.com", password: "secret123" })),
    );
    expect(statuses.toSorted()).to.deep.equal([201, 400, 400, 400]);
    for (const { child } of instances) child.kill("SIGTERM");
    expect(await Promise.all(instances.map(({ ended }) => ended))).to.deep.equal([0, 0, 0, 0]);
    await database.drop();
  });
});
