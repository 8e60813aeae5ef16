import { once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import pg from "pg";
import { freePort, unprivilegedFolder } from "./program.ts";

/** Where PgBouncer is, if it is; CI has it. */
export const PGBOUNCER = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer"].find(existsSync);

if (!PGBOUNCER && process.env["CI"]) throw new Error("CI tests through PgBouncer: install pgbouncer");

/** Puts PgBouncer before a database, and gives its address there. */
export async function startPgBouncer(database: URL, poolMode: "transaction" | "session" | "statement") {
  const folder = await unprivilegedFolder("foyer-pgbouncer-");
  const port = await freePort();
  const { hostname, username, password } = database;
  const login = `user=${username || "postgres"}${password && ` password=${password}`}`;
  const settings = join(folder.path, "pgbouncer.ini");
  await writeFile(
    settings,
    `[databases]
     * = host=${hostname} port=${database.port || 5432} ${login}
     [pgbouncer]
     listen_addr = 127.0.0.1
     listen_port = ${port}
     unix_socket_dir =
     auth_type = any
     pool_mode = ${poolMode}
     default_pool_size = 4
     max_client_conn = 200
    `.replaceAll(/^ +/gm, ""),
  );
  const child = folder.start(PGBOUNCER ?? "pgbouncer", [settings]);
  const url = new URL(database);
  url.host = `127.0.0.1:${port}`;
  for (let isThere = false; !isThere && child.exitCode === null; ) {
    const client = new pg.Client({ connectionString: url.href });
    isThere = await client.connect().then(
      () => true,
      () => setTimeout(50, false),
    );
    await client.end();
  }
  return {
    url: url.href,
    async stop() {
      child.kill("SIGINT");
      if (child.exitCode === null) await once(child, "exit");
      await folder.remove();
    },
  };
}
