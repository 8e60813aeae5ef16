import { randomUUID } from "node:crypto";
import { existsSync, statfsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSettings } from "../../src/config/environment.ts";
import { copyEmbeddedTemplate, findPostgresTemplate, onServer } from "./templates.ts";

/** Where the suite has PostgreSQL to use; without it, all runs on the embedded database. */
export const postgresUrl = process.env["DATABASE_URL"];

export type TestDatabase = { settings: DatabaseSettings; env: Record<string, string>; drop(): Promise<void> };

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

/** A database takes 40 MB, and each file of tests has one or two at a time. */
const ENOUGH_BYTES = 2 ** 30;

/** In memory where there is room, for each commit is synced to the disk. */
function folderOfDatabases() {
  const memory = "/dev/shm";
  if (!existsSync(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  return bavail * bsize > ENOUGH_BYTES ? memory : tmpdir();
}

async function createInFolder(): Promise<TestDatabase> {
  const dataDir = await mkdtemp(join(folderOfDatabases(), "foyer-test-"));
  return {
    settings: { dataDir },
    env: { DATA_DIR: dataDir, DATABASE_URL: "" },
    drop: () => rm(dataDir, { recursive: true, force: true }),
  };
}

/** An embedded database with Foyer's schema, whatever the suite runs on. */
export async function createEmbedded(): Promise<TestDatabase> {
  const database = await createInFolder();
  if ("dataDir" in database.settings) await copyEmbeddedTemplate(database.settings.dataDir);
  return database;
}

/** A database that no other test sees, with Foyer's schema. */
export async function createDatabase(): Promise<TestDatabase> {
  if (!postgresUrl) return createEmbedded();
  return createPostgres(postgresUrl, `template ${await findPostgresTemplate(postgresUrl)}`);
}

/**
 * A database that no other test sees, with nothing in it.
 * @param options of `create database`, where the suite has PostgreSQL.
 */
export function createEmptyDatabase(options = ""): Promise<TestDatabase> {
  return postgresUrl ? createPostgres(postgresUrl, options) : createInFolder();
}
