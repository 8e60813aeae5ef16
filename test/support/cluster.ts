import { existsSync, readdirSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { freePort, unprivilegedFolder } from "./program.ts";

function findPrograms() {
  const debian = "/usr/lib/postgresql";
  const folders = existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, "bin")) : [];
  return [...folders, "/opt/homebrew/bin", "/usr/local/bin", "/usr/bin"].find((folder) =>
    existsSync(join(folder, "initdb")),
  );
}

/** Where PostgreSQL's own programs are, if they are; CI has them. */
export const POSTGRES_PROGRAMS = findPrograms();

if (!POSTGRES_PROGRAMS && process.env["CI"]) throw new Error("CI tests with clusters of its own: install postgresql");

const program = (name: string) => join(POSTGRES_PROGRAMS ?? "", name);

async function start(folder: Awaited<ReturnType<typeof unprivilegedFolder>>, data: string) {
  const port = await freePort();
  const settings = [`port = ${port}`, "listen_addresses = '127.0.0.1'", "unix_socket_directories = ''", "fsync = off"];
  await appendFile(join(data, "postgresql.conf"), `${settings.join("\n")}\n`);
  folder.run(program("pg_ctl"), ["start", "-w", "-s", "-D", data, "-l", join(folder.path, "log")]);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  return {
    port,
    url,
    /** Ends it as a power cut would. */
    crash: () => folder.run(program("pg_ctl"), ["stop", "-s", "-m", "immediate", "-D", data]),
    promote: () => folder.run(program("pg_ctl"), ["promote", "-w", "-s", "-D", data]),
    async sql(statement: string) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      const { rows } = await client.query(statement);
      await client.end();
      return rows;
    },
    async remove() {
      if (existsSync(join(data, "postmaster.pid")))
        folder.run(program("pg_ctl"), ["stop", "-s", "-m", "immediate", "-D", data]);
    },
  };
}

export type Cluster = Awaited<ReturnType<typeof start>>;

function initialise(folder: Awaited<ReturnType<typeof unprivilegedFolder>>, data: string) {
  folder.run(program("initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
}

/** A server that speaks TLS and asks for a password, which is `secret`. */
export async function startSecured({ key, cert }: { key: string; cert: string }) {
  const folder = await unprivilegedFolder("foyer-secured-");
  const data = join(folder.path, "data");
  initialise(folder, data);
  const server = await start(folder, data);
  await server.sql("alter role postgres password 'secret'");
  // By the server itself, so that they are its own.
  for (const [name, text] of Object.entries({ key, cert })) {
    const shell = `umask 077; base64 -d > ${join(data, name)}`;
    await server.sql(`copy (select '${Buffer.from(text).toString("base64")}') to program '${shell}'`);
  }
  for (const setting of ["ssl_key_file = 'key'", "ssl_cert_file = 'cert'", "ssl = on"])
    await server.sql(`alter system set ${setting}`);
  await server.sql(`copy (select 'host all all 127.0.0.1/32 scram-sha-256') to '${join(data, "pg_hba.conf")}'`);
  await server.sql("select pg_reload_conf()");
  return {
    port: server.port,
    async remove() {
      await server.remove();
      await folder.remove();
    },
  };
}

/** A server whose files are in a folder that is there. */
export async function startOnDisk(path: string) {
  const folder = await unprivilegedFolder("cluster-", path);
  const data = join(folder.path, "data");
  initialise(folder, data);
  return start(folder, data);
}

/** A primary, and a standby without which it acknowledges nothing. */
export async function startPair() {
  const folder = await unprivilegedFolder("foyer-pair-");
  const [first, second] = [join(folder.path, "first"), join(folder.path, "second")];
  initialise(folder, first);
  const primary = await start(folder, first);
  const source = ["-h", "127.0.0.1", "-p", String(primary.port), "-U", "postgres"];
  folder.run(program("pg_basebackup"), [...source, "-D", second, "-R", "-c", "fast", "--no-sync"]);
  const standby = await start(folder, second);
  await primary.sql("alter system set synchronous_standby_names = '*'");
  await primary.sql("select pg_reload_conf()");
  return {
    primary,
    standby,
    async remove() {
      await Promise.all([primary.remove(), standby.remove()]);
      await folder.remove();
    },
  };
}
