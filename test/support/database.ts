import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { pino } from "pino";
import type { DatabaseSettings } from "../../src/config.ts";
import { connect } from "../../src/db/connect.ts";

/** Where the suite has PostgreSQL to use; without it, all runs on the embedded database. */
export const postgresUrl = process.env["DATABASE_URL"];

export type TestDatabase = { settings: DatabaseSettings; env: Record<string, string>; drop(): Promise<void> };

async function onServer(url: string, statement: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}

async function createPostgres(server: string, options: string): Promise<TestDatabase> {
  const name = `foyer_test_${randomUUID().replaceAll("-", "")}`;
  const url = new URL(server);
  url.pathname = `/${name}`;
  await onServer(server, `create database ${name} ${options}`);
  return {
    settings: { url: url.href, poolMax: 10 },
    env: { DATABASE_URL: url.href },
    drop: () => onServer(server, `drop database ${name} with (force)`),
  };
}

let template: Promise<string> | undefined;

/** Creating the embedded database takes seconds; copying one does not. */
async function createTemplate() {
  const dataDir = await mkdtemp(join(tmpdir(), "foyer-template-"));
  const { close } = await connect({ dataDir }, pino({ level: "silent" }));
  await close();
  process.once("exit", () => rmSync(dataDir, { recursive: true, force: true }));
  return dataDir;
}

/** An embedded database, whatever the suite runs on. */
export async function createEmbedded(): Promise<TestDatabase> {
  template ??= createTemplate();
  const dataDir = await mkdtemp(join(tmpdir(), "foyer-test-"));
  await cp(await template, dataDir, { recursive: true });
  return {
    settings: { dataDir },
    env: { DATA_DIR: dataDir, DATABASE_URL: "" },
    drop: () => rm(dataDir, { recursive: true, force: true }),
  };
}

/** A database that no other test sees. @param options of `create database`, where the suite has PostgreSQL. */
export function createDatabase(options = ""): Promise<TestDatabase> {
  return postgresUrl ? createPostgres(postgresUrl, options) : createEmbedded();
}
