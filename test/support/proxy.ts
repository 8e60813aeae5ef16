import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Context } from "mocha";

const FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];

/** What a failed test left behind goes with the test process. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Finds the programs; where one is missing, skips the tests, but under CI fails. */
export function findProxies<T extends string>(test: Context, ...names: T[]): Record<T, string> {
  const found = names.map((name) => [name, FOLDERS.map((folder) => join(folder, name)).find(existsSync)] as const);
  const missing = found.filter(([, path]) => !path).map(([name]) => name);
  if (missing.length > 0 && process.env["CI"])
    throw new Error(`CI tests behind a proxy: install ${missing.join(" and ")}`);
  if (missing.length > 0) {
    process.stderr.write(`    no ${missing.join(" and ")} here: the tests behind it are skipped\n`);
    return test.skip();
  }
  return Object.fromEntries(found) as Record<T, string>;
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

export type ReverseProxy = { url: string; stop(): Promise<void> };

async function run(command: string, args: string[], url: string, folder: string): Promise<ReverseProxy> {
  const child = spawn(command, args, { stdio: "ignore" });
  running.add(child);
  child.once("close", () => running.delete(child));
  while (!(await fetch(`${url}/healthz`).catch(() => undefined))?.ok) await setTimeout(50);
  return {
    url,
    async stop() {
      child.kill();
      await once(child, "close");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Starts nginx with one server.
 * @param server what its configuration says of that server. It must answer at /healthz.
 * @param http what else it says at the level of http.
 */
export async function startNginxServer(
  command: string,
  port: number,
  server: string,
  http = "",
): Promise<ReverseProxy> {
  const folder = await mkdtemp(join(tmpdir(), "foyer-nginx-"));
  const config = join(folder, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(" ");
  await writeFile(
    config,
    `daemon off; pid ${folder}/pid; error_log stderr crit; events {}
     http {
       access_log off; ${temporary} ${http}
       server {
         listen 127.0.0.1:${port};
         ${server}
       }
     }`,
  );
  return run(command, ["-c", config, "-p", folder], `http://127.0.0.1:${port}`, folder);
}

/**
 * Starts nginx before some upstreams, which must answer.
 * @param http what else its configuration says at the level of http.
 * @param upstream what else it says of the upstreams, such as how many idle connections it keeps.
 */
export async function startNginx(
  command: string,
  upstreams: string[],
  {
    http = "",
    server = "",
    upstream = "",
    port = 0,
  }: { http?: string; server?: string; upstream?: string; port?: number },
): Promise<ReverseProxy> {
  const servers = upstreams.map((url) => `server ${new URL(url).host} ${server};`);
  return startNginxServer(
    command,
    port || (await freePort()),
    `location / {
       proxy_pass http://foyer;
       proxy_http_version 1.1;
       proxy_set_header Connection "";
       proxy_set_header Host $http_host;
       proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
       proxy_set_header X-Forwarded-Proto $scheme;
     }`,
    `${http} upstream foyer { ${servers.join(" ")} ${upstream} }`,
  );
}

/** Starts HAProxy before some upstreams. It asks /readyz, sends nothing twice, and tells at /up how many it finds ready. */
export async function startHaproxy(command: string, upstreams: string[]): Promise<ReverseProxy> {
  const folder = await mkdtemp(join(tmpdir(), "foyer-haproxy-"));
  const port = await freePort();
  const config = join(folder, "haproxy.cfg");
  await writeFile(
    config,
    `defaults
       mode http
       timeout connect 5s
       timeout client 60s
       timeout server 60s
       timeout check 3s
       retries 0
     frontend door
       bind 127.0.0.1:${port}
       http-request return status 200 content-type text/plain lf-string "%[nbsrv(foyer)]" if { path /up }
       default_backend foyer
     backend foyer
       http-reuse always
       option forwardfor
       option httpchk GET /readyz
       default-server check inter 100ms fall 1 rise 1
${upstreams.map((url, n) => `       server foyer${n} ${new URL(url).host}`).join("\n")}
`,
  );
  return run(command, ["-f", config], `http://127.0.0.1:${port}`, folder);
}
