import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createDatabase, createEmbedded, postgresUrl, type TestDatabase } from "../support/database.ts";
import { type FoyerProcess, postJson, spawnFoyer } from "../support/process.ts";

async function refusal(foyer: FoyerProcess) {
  expect(await foyer.ended).to.equal(1);
  const { stderr } = foyer.output();
  expect(stderr.trim().split("\n"), stderr).to.have.length(1);
  return stderr.trim();
}

describe("a start that cannot succeed ends with one clear line", () => {
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

  it("when a setting is wrong", async () => {
    expect(await refusal(spawnFoyer({ BCRYPT_COST: "4" }))).to.equal("foyer: BCRYPT_COST: expected a whole number from 10 to 16");
  });

  for (const setting of ["PORT", "METRICS_PORT"]) {
    it(`when the port that ${setting} names is in use`, async () => {
      const other = createServer().listen(0, "127.0.0.1");
      await once(other, "listening");
      const { port } = other.address() as { port: number };
      expect(await refusal(spawnFoyer({ ...database.env, [setting]: String(port) }))).to.include(`foyer: ${setting}: ${port} is in use`);
      other.close();
    });
  }

  it("when the host is no address of this machine", async () => {
    expect(await refusal(spawnFoyer({ ...database.env, HOST: "192.0.2.1" }))).to.include("HOST: 192.0.2.1");
  });

  it("when the data folder cannot be written", async () => {
    await writeFile(join(folder, "file"), "");
    expect(await refusal(spawnFoyer({ DATA_DIR: join(folder, "file", "data") }))).to.match(/DATA_DIR: cannot write to .*file.data/);
  });

  it("when the database in the data folder is damaged", async () => {
    const embedded = await createEmbedded();
    await rm(join(embedded.env["DATA_DIR"] ?? "", "pgdata/global"), { recursive: true });
    expect(await refusal(spawnFoyer(embedded.env))).to.include("DATA_DIR: cannot open the database");
    await embedded.drop();
  });

  it("when the data folder was written by another PostgreSQL", async () => {
    await mkdir(join(folder, "old/pgdata"), { recursive: true });
    await writeFile(join(folder, "old/pgdata/PG_VERSION"), "17\n");
    expect(await refusal(spawnFoyer({ DATA_DIR: join(folder, "old") }))).to.include("PostgreSQL 17");
  });

  it("when the data folder is in use, and leaves who uses it unharmed", async () => {
    const embedded = await createEmbedded();
    const first = spawnFoyer(embedded.env);
    const url = await first.ready;
    expect(await refusal(spawnFoyer(embedded.env))).to.include(`${embedded.env["DATA_DIR"]} is in use by another Foyer`);
    expect(await postJson(url, { email: "alice@example.com", password: "secret123" })).to.equal(201);
    first.child.kill("SIGTERM");
    expect(await first.ended).to.equal(0);
    await embedded.drop();
  });

  it("when no database answers, without its password", async () => {
    const line = await refusal(spawnFoyer({ DATABASE_URL: "postgres://foyer:hunter2@127.0.0.1:1/accounts" }));
    expect(line)
      .to.match(/^foyer: DATABASE_URL: /)
      .and.include("PostgreSQL at 127.0.0.1:1/accounts")
      .and.include("ECONNREFUSED")
      .and.not.include("hunter2");
  });

  it("when the database refuses the user", async function () {
    if (!postgresUrl) return this.skip();
    const url = new URL(postgresUrl);
    url.username = "nobody_of_that_name";
    expect(await refusal(spawnFoyer({ DATABASE_URL: url.href }))).to.match(
      /^foyer: DATABASE_URL: .*nobody_of_that_name.* cannot be used; check the URL/,
    );
  });
});

describe("several instances", () => {
  it("started at once on an empty PostgreSQL all serve the one table", async function () {
    if (!postgresUrl) return this.skip();
    const database = await createDatabase();
    const instances = Array.from({ length: 4 }, () => spawnFoyer(database.env));
    const urls = await Promise.all(instances.map(({ ready }) => ready));
    const statuses = await Promise.all(urls.map((url) => postJson(url, { email: "alice@example.com", password: "secret123" })));
    expect(statuses.toSorted()).to.deep.equal([201, 400, 400, 400]);
    for (const { child } of instances) child.kill("SIGTERM");
    expect(await Promise.all(instances.map(({ ended }) => ended))).to.deep.equal([0, 0, 0, 0]);
    await database.drop();
  });
});
