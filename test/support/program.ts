import { execFileSync, spawn } from "node:child_process";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** PostgreSQL's programs refuse to be run by root, as CI is: there they run as who owns the server. */
function unprivileged(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

/** A folder in which PostgreSQL's programs may write, and what starts them. */
export async function unprivilegedFolder(prefix: string, parent = tmpdir()) {
  const user = unprivileged();
  const path = await mkdtemp(join(parent, prefix));
  if (user.uid !== undefined && user.gid !== undefined) await chown(path, user.uid, user.gid);
  return {
    path,
    /** Runs a program to its end. */
    run: (file: string, args: readonly string[]) =>
      execFileSync(file, args, { ...user, cwd: path, stdio: "pipe", encoding: "utf8" }),
    /** Starts one that goes with the test process. */
    start(file: string, args: readonly string[]) {
      const child = spawn(file, args, { ...user, cwd: path, stdio: "ignore" });
      process.once("exit", () => child.kill("SIGKILL"));
      return child;
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
