import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { tryLock } from "fs-native-extensions";
import pg from "pg";
import { pino } from "pino";
import { connect } from "../../src/db/connect.ts";

const ROOT = join(import.meta.dirname, "../..");
const CACHE = join(ROOT, "node_modules/.cache/foyer");
const run = promisify(execFile);
const DAY_MS = 24 * 60 * 60 * 1000;
const silent = pino({ level: "silent" });

/** All workers of one run of mocha share it. */
const RUN = "FOYER_TEST_RUN";

export async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function templateName() {
  return `foyer_test_template_${process.env[RUN] ?? process.pid}`;
}

async function makePostgresTemplate(server: string) {
  const name = templateName();
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    // Held by this connection, so it goes with a worker that dies.
    await client.query("select pg_advisory_lock(hashtext($1))", [name]);
    const { rowCount } = await client.query("select from pg_database where datname = $1", [name]);
    if (rowCount) return name;
    const url = new URL(server);
    url.pathname = `/${name}_unfinished`;
    await client.query(`drop database if exists ${name}_unfinished with (force)`);
    await client.query(`create database ${name}_unfinished`);
    const { close } = await connect({ url: url.href, poolMax: 1 }, silent);
    await close();
    // Its name says that it is whole.
    await client.query(`alter database ${name}_unfinished rename to ${name}`);
    return name;
  } finally {
    await client.end();
  }
}

/** What shapes an embedded database: the migrations, the code that opens it, and PGlite. */
function digestOfSources() {
  const hash = createHash("sha256");
  for (const folder of ["migrations", "src/db"]) {
    for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
      if (entry.isFile()) hash.update(entry.name).update(readFileSync(join(ROOT, folder, entry.name)));
    }
  }
  hash.update(readFileSync(join(ROOT, "node_modules/@electric-sql/pglite/package.json")));
  return hash.digest("hex").slice(0, 16);
}

async function lock(path: string) {
  const file = openSync(path, "a");
  while (!tryLock(file)) await setTimeout(50);
  return file;
}

/** Not the newer ones: another checkout may share the folder, and copy one at this moment. */
async function removeOldTemplates() {
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name);
    if (name !== "lock" && Date.now() - statSync(path).mtimeMs > DAY_MS)
      await rm(path, { recursive: true, force: true });
  }
}

async function makeEmbeddedTemplate() {
  const name = `embedded-${digestOfSources()}`;
  const folder = join(CACHE, name);
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  // The kernel lets go of it when a worker dies.
  const file = await lock(join(CACHE, "lock"));
  try {
    if (existsSync(folder)) return folder;
    await removeOldTemplates();
    const unfinished = join(CACHE, `unfinished-${randomUUID()}`);
    const { close } = await connect({ dataDir: unfinished }, silent);
    await close();
    // Its name says that it is whole.
    await rename(unfinished, folder);
    return folder;
  } finally {
    closeSync(file);
  }
}

let postgresTemplate: Promise<string> | undefined;
let embeddedTemplate: Promise<string> | undefined;

/** The name of a database with Foyer's schema, to be copied. It is made once in a run, when a test first asks. */
export function findPostgresTemplate(server: string): Promise<string> {
  postgresTemplate ??= makePostgresTemplate(server);
  return postgresTemplate;
}

/** Copies an embedded database with Foyer's schema. It takes seconds to make, and is kept for the next runs. */
export async function copyEmbeddedTemplate(folder: string): Promise<void> {
  embeddedTemplate ??= makeEmbeddedTemplate();
  // A tenth of the time that Node's own copying takes for a thousand files.
  await run("cp", ["-R", `${await embeddedTemplate}/.`, folder]);
}

/** mocha calls it before a run, and again in no worker. */
export function mochaGlobalSetup(): void {
  process.env[RUN] = randomUUID().replaceAll("-", "");
}

export async function mochaGlobalTeardown(): Promise<void> {
  const server = process.env["DATABASE_URL"];
  if (!server) return;
  for (const name of [templateName(), `${templateName()}_unfinished`]) {
    await onServer(server, `drop database if exists ${name} with (force)`);
  }
}
