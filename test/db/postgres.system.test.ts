import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Knex } from "knex";
import { pino } from "pino";
import { generate } from "selfsigned";
import { connect } from "../../src/db/connect.ts";
import { transaction } from "../../src/db/transaction.ts";
import { POSTGRES_PROGRAMS, startSecured } from "../support/cluster.ts";
import { createDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";
import { startFoyer } from "../support/foyer.ts";
import { spawnFoyer } from "../support/process.ts";
import { waitFor } from "../support/wait-for.ts";
import { Wire, type WireSettings } from "../support/wire.ts";

const target = new URL(postgresUrl ?? "postgres://127.0.0.1");

describe("the connection to PostgreSQL", () => {
  let database: TestDatabase;
  let folder: string;
  let certificate: { key: string; cert: string };
  let wire: Wire;

  before(async function () {
    if (!postgresUrl) return this.skip();
    database = await createDatabase();
    folder = await mkdtemp(join(tmpdir(), "foyer-tls-"));
    const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
      extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] }],
    });
    certificate = { key, cert };
    await writeFile(join(folder, "ca.pem"), cert);
  });
  afterEach(() => wire?.cut());
  after(async () => {
    await database?.drop();
    if (folder) await rm(folder, { recursive: true });
  });

  async function through(settings: WireSettings, host: string, query = "") {
    wire = new Wire(settings);
    await wire.open(target);
    const url = new URL(database.env["DATABASE_URL"] ?? "");
    url.hostname = host;
    url.port = String(wire.port);
    return `${url.href}${query}`.replace("FOLDER", folder);
  }

  /** Connects by way of a server that offers TLS, or none, and tells how each connection was made, or why none was. */
  async function connected(hasTls: boolean, host: string, query: string) {
    const url = await through(hasTls ? { tls: certificate } : {}, host, query);
    const database = await connect({ url, poolMax: 2 }, pino({ level: "silent" })).catch((error: Error) => error);
    if (database instanceof Error) return database.message;
    expect(await database.isReady()).to.equal(true);
    await database.close();
    return [...new Set(wire.secured)];
  }

  const trusted = "&sslrootcert=FOLDER/ca.pem";
  const cases: [query: string, host: string, hasTls: boolean, outcome: boolean[] | RegExp][] = [
    ["", "localhost", true, [false]],
    ["?sslmode=disable", "localhost", true, [false]],
    ["?sslmode=require", "localhost", true, [true]],
    ["?sslmode=require", "localhost", false, /^DATABASE_URL: .*does not support SSL/],
    [`?sslmode=require${trusted}`, "localhost", true, [true]],
    [`?sslmode=verify-ca${trusted}`, "127.0.0.1", true, [true]],
    [`?sslmode=verify-full${trusted}`, "localhost", true, [true]],
    [`?sslmode=verify-full${trusted}`, "127.0.0.1", true, /^DATABASE_URL: .*does not match certificate/],
    ["?sslmode=verify-full", "localhost", true, /^DATABASE_URL: .*self-signed certificate/],
    ["?sslmode=verify-full&sslrootcert=FOLDER/none.pem", "localhost", true, /^DATABASE_URL: .*none\.pem/],
    ["?sslrootcert=system", "localhost", true, /^DATABASE_URL: .*self-signed certificate/],
    // The test's server lets everybody in; through this one it is spoken to without TLS, as by whoever stands between.
    ["?sslmode=require&channel_binding=require", "localhost", true, /^DATABASE_URL: .*no channel binding/],
    ["?sslmode=require&channel_binding=prefer", "localhost", true, [true]],
  ];
  for (const [query, host, hasTls, outcome] of cases) {
    const what =
      outcome instanceof RegExp ? "is refused" : outcome[0] ? "is opened under TLS" : "is opened without TLS";
    it(`to ${host}${query} ${what}${hasTls ? "" : " where the server has no TLS"}`, async () => {
      const seen = await connected(hasTls, host, query);
      if (outcome instanceof RegExp) expect(seen).to.match(outcome).and.not.include("\n");
      else expect(seen).to.deep.equal(outcome);
    });
  }

  it("is opened with sslrootcert=system where the system trusts the server's authority", async () => {
    const foyer = spawnFoyer({
      DATABASE_URL: await through({ tls: certificate }, "localhost", "?sslrootcert=system"),
      NODE_EXTRA_CA_CERTS: join(folder, "ca.pem"),
    });
    await foyer.ready;
    expect([...new Set(wire.secured)]).to.deep.equal([true]);
    foyer.child.kill("SIGKILL");
    await foyer.ended;
  });

  it("is bound to TLS by channel_binding=require, so that nobody who stands between gets the password", async function () {
    if (!POSTGRES_PROGRAMS) return this.skip();
    const server = await startSecured(certificate);
    const attempt = async (port: number, query: string) => {
      const url = `postgres://postgres:secret@localhost:${port}/postgres?${query}`;
      const opened = await connect({ url, poolMax: 1 }, pino({ level: "silent" })).catch(
        (error: Error) => error.message,
      );
      if (typeof opened === "string") return opened;
      await opened.close();
      return "open";
    };
    const bound = "sslmode=require&channel_binding=require";
    expect(await attempt(server.port, bound)).to.equal("open");
    wire = new Wire({ tls: certificate });
    await wire.open(new URL(`postgres://127.0.0.1:${server.port}`));
    expect(await attempt(wire.port, bound)).to.match(/the server offers no channel binding/);
    expect(await attempt(wire.port, "sslmode=require&channel_binding=disable")).to.equal("open");
    await server.remove();
  });

  it("repeats a transaction that was undone for a deadlock", async () => {
    const { db, close } = await connect(
      { url: database.env["DATABASE_URL"] ?? "", poolMax: 2 },
      pino({ level: "silent" }),
    );
    await db("secrets").insert([
      { name: "a", value: Buffer.of(0) },
      { name: "b", value: Buffer.of(0) },
    ]);
    let begun = 0;
    let bothBegun = () => {};
    const both = new Promise<void>((resolve) => {
      bothBegun = resolve;
    });
    const swap = (...names: [string, string]) =>
      transaction(db, async (trx) => {
        for (const name of names) {
          await trx("secrets")
            .where({ name })
            .update({ value: Buffer.of(1) });
          begun += 1;
          if (begun === 2) bothBegun();
          await both;
        }
        return names[0];
      });
    expect(await Promise.all([swap("a", "b"), swap("b", "a")])).to.deep.equal(["a", "b"]);
    expect(begun, "writes: two each, and the first of one twice").to.equal(5);
    await close();
  });

  it("is replaced where it ended while it was idle, for a lone statement and for a transaction", async () => {
    const url = database.env["DATABASE_URL"] ?? "";
    const { db, close } = await connect({ url, poolMax: 2 }, pino({ level: "silent" }));
    const kill = `const client = new (require("pg").Client)(${JSON.stringify(url)});
      const sql = "select pg_terminate_backend(pid, 1000) from pg_stat_activity where application_name = 'foyer' and datname = current_database()";
      client.connect().then(() => client.query(sql)).then(() => client.end());`;
    const insert = (name: string) => (handle: Knex) => handle("secrets").insert({ name, value: Buffer.of(0) });
    for (const work of [() => insert("c")(db), () => transaction(db, insert("d"))]) {
      await Promise.all([db.raw("select pg_sleep(0.1)"), db.raw("select pg_sleep(0.1)")]);
      // Nothing can be heard of the end before the next statement is sent.
      execFileSync(process.execPath, ["-e", kill]);
      await work();
    }
    expect(await db("secrets").whereIn("name", ["c", "d"]).pluck("name")).to.have.members(["c", "d"]);
    await close();
  });

  it("is refused to a server older than 14, in one line", async () => {
    const client = await connect({ url: await through({}, "127.0.0.1"), poolMax: 1 }, pino({ level: "silent" }));
    const { rows } = await client.db.raw("show server_version_num");
    await client.close();
    wire.cut();
    const foyer = spawnFoyer({
      DATABASE_URL: await through({ replace: [rows[0].server_version_num, "130099"] }, "127.0.0.1"),
    });
    expect(await foyer.ended).to.equal(1);
    expect(foyer.output().stderr).to.equal("foyer: DATABASE_URL: expected PostgreSQL 14 or newer\n");
  });

  it("is opened no more often than is set, and not at all when Foyer has closed", async () => {
    const foyer = await startFoyer({ database: { url: database.env["DATABASE_URL"] ?? "", poolMax: 3 } });
    const observer = await connect({ url: database.env["DATABASE_URL"] ?? "", poolMax: 1 }, pino({ level: "silent" }));
    const count = async () => {
      const { rows } = await observer.db.raw(
        "select count(*)::int from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
      );
      return rows[0].count;
    };
    const statuses = await Promise.all(
      Array.from({ length: 30 }, async (_, n) => (await foyer.register(`pool${n}@example.com`)).status),
    );
    expect(statuses).to.deep.equal(Array(30).fill(201));
    expect(await count()).to.equal(3);
    await foyer.stop();
    // The server notices it a moment later.
    await waitFor(async () => (await count()) === 0 || undefined);
    await observer.close();
  });
});
