import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { pino } from "pino";
import type { DatabaseSettings } from "../src/config/environment.ts";
import { connect } from "../src/db/connect.ts";
import { digestEach } from "../src/secrets/digest.ts";

const FILL_USERS = `
  insert into public.users (email, email_key, hashed_password, email_verified_at)
  select email, email, ?, now()
  from (select 'user' || n || '@example.com' from generate_series(?::int, ?::int) n) as of_users (email)`;

const FILL_SESSIONS = `
  insert into public.sessions (token_hash, user_id, epoch, kind, idle_seconds, expires_at, ip, user_agent)
  select hash, users.id, 0, 'browser', 86400, now() + interval '1 day', '127.0.0.1', 'bench'
  from unnest(?::text[]) with ordinality as given (hash, n)
  join public.users on email_key = 'user' || (?::int + n - 1) || '@example.com'`;

/** Rows a statement: the service ends a connection that is silent for as long as a million take. */
const CHUNK = 20_000;

/** The first and the last number of each chunk, of those from 1 to `count`. */
function chunks(count: number) {
  return Array.from(
    { length: Math.ceil(count / CHUNK) },
    (_, n) => [n * CHUNK + 1, Math.min(count, (n + 1) * CHUNK)] as const,
  );
}

async function onServer(url: string, statement: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** The address of the n-th user that `fill` makes, from 1. */
export function emailOf(n: number): string {
  return `user${n}@example.com`;
}

export type Content = {
  users: number;
  hashedPassword?: string;
  /** Tokens of sessions: the first is of the first user, and so on. */
  tokens?: readonly string[];
};

async function fill(settings: DatabaseSettings, { users, hashedPassword = "x".repeat(60), tokens = [] }: Content) {
  const { db, close } = await connect(settings, pino({ level: "silent" }));
  for (const [first, last] of chunks(users)) await db.raw(FILL_USERS, [hashedPassword, first, last]);
  for (const [first, last] of chunks(tokens.length))
    await db.raw(FILL_SESSIONS, [digestEach(tokens.slice(first - 1, last)), first]);
  await db.raw("analyze public.users, public.sessions");
  await close();
}

const server = process.env["DATABASE_URL"];

export const databaseKind = server ? "PostgreSQL" : "embedded";

async function createDatabase() {
  if (server) {
    const url = new URL(server);
    url.pathname = `/foyer_bench_${randomUUID().replaceAll("-", "")}`;
    const name = url.pathname.slice(1);
    await onServer(server, `create database ${name}`);
    return {
      env: { DATABASE_URL: url.href },
      fill: (content: Content) => fill({ url: url.href, poolMax: 2 }, content),
      drop: () => onServer(server, `drop database ${name} with (force)`),
    };
  }
  const dataDir = await mkdtemp(join(tmpdir(), "foyer-bench-"));
  return {
    env: { DATA_DIR: dataDir },
    fill: (content: Content) => fill({ dataDir }, content),
    drop: () => rm(dataDir, { recursive: true }),
  };
}

export type BenchDatabase = Awaited<ReturnType<typeof createDatabase>>;

/** Gives the work a database of its own: on the server that DATABASE_URL names, or embedded in a temporary folder. */
export async function withDatabase<T>(work: (database: BenchDatabase) => Promise<T>): Promise<T> {
  const database = await createDatabase();
  try {
    return await work(database);
  } finally {
    await database.drop();
  }
}
