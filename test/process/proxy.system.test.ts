import { expect } from "chai";
import { createDatabase, postgresUrl, type TestDatabase } from "../support/database.ts";
import { type FoyerProcess, spawnFoyer } from "../support/process.ts";
import { findProxies, freePort, type ReverseProxy, startNginx } from "../support/proxy.ts";

describe("two instances behind nginx", () => {
  let database: TestDatabase;
  let nginx: ReverseProxy | undefined;
  let instances: FoyerProcess[] = [];
  let url: string;
  let count = 0;

  before(async function () {
    if (!postgresUrl) return this.skip();
    const proxies = findProxies(this, "nginx");
    database = await createDatabase();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const env = {
      ...database.env,
      TRUST_PROXY: "loopback",
      RATE_LIMITS: "on",
      RATE_LIMIT_PER_IP: "4/10m",
      PUBLIC_URL: url,
    };
    instances = [spawnFoyer(env), spawnFoyer(env)];
    const upstreams = await Promise.all(instances.map(({ ready }) => ready));
    // All connections to nginx come from the loopback address. The test names its clients in a header, as a second proxy
    // in front would.
    nginx = await startNginx(proxies.nginx, upstreams, {
      http: "set_real_ip_from 127.0.0.1; real_ip_header X-Client;",
      port,
    });
  });
  after(async () => {
    await nginx?.stop();
    for (const { child } of instances) child.kill("SIGTERM");
    await Promise.all(instances.map(({ ended }) => ended));
    await database?.drop();
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

  it("limit a client across both, whatever forwarding headers it sends, and no other client", async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 6; n += 1)
      statuses.push(await register("192.0.2.1", { "X-Forwarded-For": `198.51.100.${n}`, Forwarded: "for=x" }));
    expect(statuses).to.deep.equal([201, 201, 201, 201, 429, 429]);
    expect(await register("192.0.2.2")).to.equal(201);
    const served = instances.map(({ output }) => output().stdout.match(/"status":(201|429)/g)?.length ?? 0);
    expect(Math.min(...served), "both instances took part").to.be.at.least(2);
  });

  it("take a form that was sent from a page behind the proxy", async () => {
    const answer = await fetch(`${url}/register`, {
      method: "POST",
      headers: { Origin: url, "X-Client": "192.0.2.3" },
      body: new URLSearchParams({ email: "form@example.com", password: "secret123" }),
      redirect: "manual",
    });
    expect(answer.status).to.equal(303);
  });
});
