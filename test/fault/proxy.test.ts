import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { createDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";
import { type FoyerProcess, spawnFoyer } from "../support/process.ts";

const NGINX = ["/usr/sbin/nginx", "/usr/local/bin/nginx", "/opt/homebrew/bin/nginx"].find(existsSync);

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

describe("two instances behind nginx", () => {
  let database: TestDatabase;
  let folder: string;
  let nginx: ChildProcess;
  let instances: FoyerProcess[] = [];
  let url: string;
  let count = 0;

  before(async function () {
    if (!postgresUrl) return this.skip();
    if (!NGINX) {
      if (process.env["CI"]) throw new Error("CI tests behind a proxy: install nginx");
      return this.skip();
    }
    database = await createDatabase();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const env = { ...database.env, TRUST_PROXY: "loopback", RATE_LIMITS: "on", RATE_LIMIT_PER_ADDRESS: "4/10m", PUBLIC_URL: url };
    instances = [spawnFoyer(env), spawnFoyer(env)];
    const upstreams = await Promise.all(instances.map(({ ready }) => ready));
    folder = await mkdtemp(join(tmpdir(), "foyer-nginx-"));
    // Whom nginx meets, it meets on the loopback address: the test names its clients in a header, as a second proxy before it would.
    await writeFile(
      join(folder, "nginx.conf"),
      `daemon off; pid ${folder}/pid; error_log stderr warn; events {}
       http {
         access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
         set_real_ip_from 127.0.0.1; real_ip_header X-Client;
         upstream foyer { ${upstreams.map((upstream) => `server ${new URL(upstream).host};`).join(" ")} }
         server {
           listen 127.0.0.1:${port};
           location / {
             proxy_pass http://foyer;
             proxy_set_header Host $http_host;
             proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
             proxy_set_header X-Forwarded-Proto $scheme;
           }
         }
       }`,
    );
    nginx = spawn(NGINX, ["-c", join(folder, "nginx.conf"), "-p", folder], { stdio: "ignore" });
    while (!(await fetch(`${url}/healthz`).catch(() => undefined))?.ok) await setTimeout(50);
  });
  after(async () => {
    nginx?.kill();
    for (const { child } of instances) child.kill("SIGTERM");
    await Promise.all(instances.map(({ ended }) => ended));
    await database?.drop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  async function register(client: string, headers: Record<string, string> = {}) {
    count += 1;
    const body = JSON.stringify({ email: `n${count}@example.com`, password: "secret123" });
    const answer = await fetch(`${url}/register`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Client": client, ...headers },
      body,
    });
    return answer.status;
  }

  it("limit a client across both, whatever it claims, and no other for it", async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 6; n += 1) statuses.push(await register("192.0.2.1", { "X-Forwarded-For": `198.51.100.${n}`, Forwarded: "for=x" }));
    expect(statuses).to.deep.equal([201, 201, 201, 201, 429, 429]);
    expect(await register("192.0.2.2")).to.equal(201);
    const served = instances.map(({ output }) => output().stdout.match(/"status":(201|429)/g)?.length ?? 0);
    expect(Math.min(...served), "both took part").to.be.at.least(2);
  });

  it("take the form from a page that came through the proxy", async () => {
    const answer = await fetch(`${url}/register`, {
      method: "POST",
      headers: { Origin: url, "X-Client": "192.0.2.3" },
      body: new URLSearchParams({ email: "form@example.com", password: "secret123" }),
      redirect: "manual",
    });
    expect(answer.status).to.equal(303);
  });
});
