import { request } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { createDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";
import { type FoyerProcess, spawnFoyer } from "../support/process.ts";
import { findProxies, freePort, type ReverseProxy, startHaproxy, startNginx } from "../support/proxy.ts";

const CLIENTS = 4;

/** Sends one request on its own connection. It resolves to the status, with the text of a 5xx, or to what broke. */
function send(method: string, url: string, body?: object): Promise<number | string> {
  const headers = body ? { "Content-Type": "application/json" } : {};
  return new Promise((resolve) => {
    request(url, { method, headers, agent: false }, async (answer) => {
      const status = answer.statusCode ?? 0;
      const body = await text(answer);
      resolve(status < 500 ? status : `${status} ${body}`);
    })
      .once("error", (error) => resolve(error.message))
      .end(body && JSON.stringify(body));
  });
}

/** Registers, sends wrong input and reads pages until it is stopped. Each client sends one request after another. */
function startLoad(proxies: ReverseProxy[]) {
  let [stopped, count] = [false, 0];
  const answers: string[] = [];
  const client = async (url: string) => {
    while (!stopped) {
      count += 1;
      const account = { email: `n${count}@example.com`, password: "secret123" };
      answers.push(`POST new ${await send("POST", `${url}/register`, account)}`);
      answers.push(`POST wrong ${await send("POST", `${url}/register`, { email: "x" })}`);
      answers.push(`GET ${await send("GET", `${url}/register`)}`);
    }
  };
  const clients = proxies.flatMap(({ url }) => Array.from({ length: CLIENTS }, () => client(url)));
  return async () => {
    stopped = true;
    await Promise.all(clients);
    return answers;
  };
}

describe("a rolling restart", () => {
  let database: TestDatabase;
  let instances: FoyerProcess[] = [];
  let proxies: ReverseProxy[] = [];

  afterEach(async () => {
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    for (const { child } of instances) child.kill("SIGINT");
    await Promise.all(instances.map(({ ended }) => ended));
    await database?.drop();
  });

  it("fails no request under load, behind nginx and HAProxy that keep connections", async function () {
    if (!postgresUrl) return this.skip();
    const { nginx, haproxy } = findProxies(this, "nginx", "haproxy");
    database = await createDatabase();
    const ports = [await freePort(), await freePort()];
    const start = (port: number) =>
      spawnFoyer({
        ...database.env,
        PORT: String(port),
        TRUST_PROXY: "loopback",
        HASH_MAX_WAIT_SECONDS: "30",
        SHUTDOWN_GRACE_SECONDS: "1",
        SMTP_URL: "smtp://127.0.0.1:1",
        MAIL_FROM: "accounts@example.com",
      });
    instances = ports.map(start);
    await Promise.all(instances.map(({ ready }) => ready));
    const upstreams = ports.map((port) => `http://127.0.0.1:${port}`);
    // nginx does not check the health of servers: it must try one again as soon as that is back.
    const before = await Promise.all([
      startNginx(nginx, upstreams, { server: "max_fails=0", upstream: "keepalive 32;" }),
      startHaproxy(haproxy, upstreams),
    ]);
    proxies = before;
    const balanced = async () => (await (await fetch(`${before[1].url}/up`)).text()) === "2";
    while (!(await balanced())) await setTimeout(20);

    const stopLoad = startLoad(proxies);
    for (const [n, port] of ports.entries()) {
      const old = instances[n];
      old?.child.kill("SIGTERM");
      expect(await old?.ended).to.equal(0);
      const next = start(port);
      instances[n] = next;
      await next.ready;
      while (!(await balanced())) await setTimeout(20);
    }
    const answers = await stopLoad();
    expect([...new Set(answers)].toSorted()).to.deep.equal(["GET 200", "POST new 201", "POST wrong 400"]);
    expect(answers.length).to.be.at.least(60);
  });
});
