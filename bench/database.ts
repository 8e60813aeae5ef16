import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { pino } from "pino";
import type { DatabaseSettings } from "../src/config/environment.ts";
import { connect } from "../src/db/connect.ts";

const FILL = `
  insert into public.users (email, email_key, hashed_password)
  select 'user' || n || '@example.com', 'user' || n || '@example.com', repeat('x', 60) from generate_series(?::int, ?::int) n`;

/** Rows a statement: the service ends a connection that is silent for as long as a million take. */
const CHUNK = 20_000;

async function onServer(url: string, statement: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}

async function fill(settings: DatabaseSettings, users: number) {
  const { db, close } = await connect(settings, pino({ level: "silent" }));
  for (let first = 1; first <= users; first += CHUNK) await db.raw(FILL, [first, Math.min(users, first + CHUNK - 1)]);
  await db.raw("analyze public.users");
  await close();
}

/** A database of the benchmark's own: on the server that DATABASE_URL names, or embedded in a temporary folder. */
export async function createDatabase() {
  const server = process.env["DATABASE_URL"];
  if (server) {
    const url = new URL(server);
    url.pathname = `/foyer_bench_${randomUUID().replaceAll("-", "")}`;
    const name = url.pathname.slice(1);
    await onServer(server, `create database ${name}`);
    return {
      kind: "PostgreSQL",
      env: { DATABASE_URL: url.href },
      fill: (users: number) => fill({ url: url.href, poolMax: 2 }, users),
      drop: () => onServer(server, `drop database ${name} with (force)`),
    };
  }
  const dataDir = await mkdtemp(join(tmpdir(), "foyer-bench-"));
  return {
    kind: "embedded",
    env: { DATA_DIR: dataDir },
    fill: (users: number) => fill({ dataDir }, users),
    drop: () => rm(dataDir, { recursive: true }),
  };
}
