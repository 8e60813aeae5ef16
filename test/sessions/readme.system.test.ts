import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import supertest from "supertest";
import { newAccount, newSignedIn } from "../support/account.ts";
import { startBrowser } from "../support/browser.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { findProxies, freePort, type ReverseProxy, startNginxServer } from "../support/proxy.ts";
import { EXAMPLES, example } from "../support/readme.ts";

const ROOT = join(import.meta.dirname, "../..");
/** The user as whom nginx works may not write into its folder here. */
const BUFFERED = "client_body_buffer_size 1m;";

const PROGRAMS = ["page.ts", "server.ts", "program.ts", "express.ts"];

const TSCONFIG = {
  compilerOptions: {
    target: "es2022",
    lib: ["es2022", "dom"],
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    types: ["node"],
    outDir: "out",
  },
  files: PROGRAMS,
};

async function listening(listener: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe("README's examples of signing in", function () {
  this.timeout(120_000);
  let foyer: TestFoyer;
  let folder: string;
  /** The origin at which nginx serves Foyer and an app. */
  let site: string;
  const servers: Server[] = [];

  /** Compiles the examples as a project of someone else's would, for this Foyer. */
  async function compile() {
    folder = await mkdtemp(join(tmpdir(), "foyer-readme-"));
    const modules = join(folder, "node_modules");
    await mkdir(modules);
    await symlink(join(ROOT, "dist/client"), join(modules, "foyer-client"));
    for (const name of ["express", "@types"]) await symlink(join(ROOT, "node_modules", name), join(modules, name));
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG));
    for (const name of PROGRAMS) await writeFile(join(folder, name), example(name, foyer.url));
    await promisify(execFile)(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc")], { cwd: folder }).catch(
      ({ stdout }) => expect.fail(stdout),
    );
  }

  const load = (name: string) => import(pathToFileURL(join(folder, "out", name.replace(".ts", ".js"))).href);

  async function serve(listener: RequestListener) {
    const { server, url } = await listening(listener);
    servers.push(server);
    return url;
  }

  before(async () => {
    const port = await freePort();
    site = `http://127.0.0.1:${port}`;
    foyer = await startFoyer({ publicUrl: new URL(site), trustProxy: "loopback" });
    await compile();
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  after(async () => {
    await foyer?.stop();
    if (folder) await rm(folder, { recursive: true });
  });

  it("are all tried, here, in test/client, test/events or test/mount", () => {
    const others = ["in server { … }", "foyer.tsx", "events.ts", "app.ts", "router.ts", "leave.ts"];
    expect([...EXAMPLES.keys()]).to.have.members([...PROGRAMS, ...others]);
  });

  it("sign a person in and out in a page of Foyer's own origin, whose cookie no script reads", async function () {
    const browser = await startBrowser(this);
    const { email } = await newAccount(foyer);
    const page = await (await browser.newContext()).newPage();
    const imports = {
      "foyer-client": "/modules/dist/client/client.js",
      "@trpc/client": "/modules/node_modules/@trpc/client/dist/index.mjs",
      "@trpc/server": "/modules/node_modules/@trpc/server/dist/index.mjs",
      "@trpc/server/observable": "/modules/node_modules/@trpc/server/dist/observable/index.mjs",
      "@trpc/server/rpc": "/modules/node_modules/@trpc/server/dist/rpc.mjs",
      "@trpc/server/unstable-core-do-not-import":
        "/modules/node_modules/@trpc/server/dist/unstable-core-do-not-import.mjs",
    };
    const html = `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script>`;
    await page.route(`${foyer.url}/its/page`, (route) => route.fulfill({ contentType: "text/html", body: html }));
    await page.route(`${foyer.url}/its/*.js`, (route) =>
      route.fulfill({ path: join(folder, "out/page.js"), contentType: "text/javascript" }),
    );
    await page.route(`${foyer.url}/modules/**`, (route) => {
      const path = join(ROOT, new URL(route.request().url()).pathname.replace("/modules/", ""));
      return route.fulfill({ path, contentType: /js$/.test(extname(path)) ? "text/javascript" : "text/plain" });
    });
    await page.goto(`${foyer.url}/its/page`);
    // As text, because the compiler of the tests would change an `import()`.
    const call = (code: string) => page.evaluate(`import("/its/page.js").then((app) => app.${code})`);
    expect(await call(`signIn("${email}", "${PASSWORD}")`)).to.deep.include({ email, verified: true });
    expect(await page.evaluate("document.cookie")).to.equal("");
    await page.goto(`${foyer.url}/account`);
    expect(await page.locator("main").innerText()).to.include(email);
    await page.goto(`${foyer.url}/its/page`);
    await call("signOut()");
    await page.goto(`${foyer.url}/account`);
    expect(new URL(page.url()).pathname).to.equal("/sign-in");
    await browser.close();
  });

  it("tell a server that renders pages who asks, with nothing to send back", async () => {
    const { accountOf } = await load("server.ts");
    const { id, email, cookie } = await newSignedIn(foyer);
    const url = await serve(async (request, response) => {
      response.end(JSON.stringify(await accountOf(request)));
    });
    const get = async (headers: Record<string, string>) => (await fetch(url, { headers })).json();
    expect(await get({ cookie: `theme=dark; ${cookie}; other=1` })).to.deep.equal({ id, email, verified: true });
    expect(await get({ cookie: "theme=dark" })).to.equal(null);
    expect(await get({})).to.equal(null);
  });

  it("give a program a token that goes on until it signs out", async () => {
    const { signIn } = await load("program.ts");
    const { email } = await newAccount(foyer);
    const { auth } = await signIn(email, PASSWORD);
    expect((await auth.session.query()).account.email).to.equal(email);
    await auth.signOut.mutate({});
    expect((await auth.session.query()).account).to.equal(null);
  });

  it("tell an Express app who asks, and nobody for what another origin's page sends", async () => {
    const { app } = await load("express.ts");
    app.all("/", (request: { account: object | null }, response: { json(value: unknown): void }) =>
      response.json(request.account),
    );
    const { id, email, cookie } = await newSignedIn(foyer);
    const url = await serve(app);
    const ask = async (method: string, headers: Record<string, string> = {}) =>
      (await fetch(url, { method, headers })).json();
    const account = { id, email, verified: true };
    expect(await ask("GET", { cookie })).to.deep.equal(account);
    expect(await ask("POST", { cookie, origin: site })).to.deep.equal(account);
    expect(await ask("POST", { cookie, origin: "https://evil.example" })).to.equal(null);
    expect(await ask("POST", { cookie, origin: "null" })).to.equal(null);
    expect(await ask("GET")).to.equal(null);
  });

  describe("in nginx", () => {
    let nginx: ReverseProxy | undefined;
    let app: Server;
    before(async function () {
      const proxies = findProxies(this, "nginx");
      const backend = await listening((request, response) => {
        let body = "";
        request
          .on("data", (chunk) => {
            body += chunk;
          })
          .on("end", () => response.end(JSON.stringify({ method: request.method, headers: request.headers, body })));
      });
      app = backend.server;
      const server = example("in server { … }")
        .replaceAll("127.0.0.1:3000", new URL(foyer.url).host)
        .replaceAll("127.0.0.1:8080", new URL(backend.url).host);
      nginx = await startNginxServer(proxies.nginx, Number(new URL(site).port), server, BUFFERED);
    });
    after(async () => {
      await nginx?.stop();
      app?.close();
    });

    const get = (path: string, headers: Record<string, string> = {}) => supertest(site).get(path).set(headers);
    const post = (headers: Record<string, string>, body = "a=1") =>
      supertest(site).post("/app/").type("form").set(headers).send(body);
    /** What the app was sent of Foyer's. */
    async function told(asked: PromiseLike<{ status: number; text: string }>) {
      const { status, text } = await asked;
      expect(status).to.equal(200);
      const { headers } = JSON.parse(text);
      return Object.fromEntries(Object.entries(headers).filter(([name]) => /foyer.account/i.test(name)));
    }
    const MADE_UP = {
      "Foyer-Account-Id": "999",
      "foyer-account-email": "root@example.com",
      "Foyer-Account-Verified": "true",
      Foyer_Account_Id: "999",
    };

    it("tell an app who asks, whatever headers the client makes up", async () => {
      const { id, cookie } = await newSignedIn(foyer);
      expect(await told(get("/app/", { cookie, ...MADE_UP }))).to.deep.equal({ "foyer-account-id": String(id) });
    });

    it("let a program in with its token", async () => {
      const { id, email } = await newAccount(foyer);
      const { token } = await foyer.client.auth.signIn.mutate({ email, password: PASSWORD, as: "bearer" });
      const headers = { authorization: `Bearer ${token}` };
      expect(await told(get("/app/", headers))).to.deep.equal({ "foyer-account-id": String(id) });
    });

    it("send nobody to the app, but to the form and from there back", async () => {
      for (const headers of [{}, MADE_UP, { cookie: "foyer-session=x" }] as Record<string, string>[]) {
        const { status, headers: answered } = await get("/app/list?page=2", headers);
        expect([status, answered["location"]]).to.deep.equal([303, `${site}/sign-in?next=/app/list?page=2`]);
      }
      const { email } = await newAccount(foyer);
      const { text } = await get("/sign-in?next=/app/list?page=2");
      const [, next = ""] = /name="next" value="([^"]+)"/.exec(text) ?? [];
      const answer = await supertest(site)
        .post("/sign-in")
        .type("form")
        .set("Origin", site)
        .send({ email, password: PASSWORD, next: next.replaceAll("&#x3D;", "=") });
      expect([answer.status, answer.headers["location"]]).to.deep.equal([303, "/app/list?page=2"]);
    });

    it("pass on what a page of this origin posts, of any size", async () => {
      const { id, cookie } = await newSignedIn(foyer);
      const headers = { cookie, origin: site };
      expect(JSON.parse((await post(headers)).text)).to.deep.include({ method: "POST", body: "a=1" });
      expect(await told(post(headers, "x".repeat(100_000)))).to.have.property("foyer-account-id", String(id));
      const body = new Blob(["b=2"]).stream();
      const chunked = await fetch(`${site}/app/`, { method: "POST", headers, body, duplex: "half" } as RequestInit);
      expect(await chunked.json()).to.deep.include({ body: "b=2" });
    });

    it("let in nothing that another origin's page posts, and whoever followed a link from there", async () => {
      const { id, cookie } = await newSignedIn(foyer);
      const opens = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
      for (const headers of [
        { origin: "https://evil.example" },
        { "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" },
        { "sec-fetch-site": "same-site", ...opens },
      ] as Record<string, string>[]) {
        expect((await post({ cookie, ...headers })).status, JSON.stringify(headers)).to.equal(303);
      }
      const link = { cookie, "sec-fetch-site": "cross-site", ...opens };
      expect(await told(get("/app/", link))).to.have.property("foyer-account-id", String(id));
    });

    it("show nobody the question that nginx asks", async () => {
      expect((await get("/session-of-the-request")).status).to.equal(404);
    });

    it("sign out at once", async () => {
      const { cookie } = await newSignedIn(foyer);
      expect((await get("/app/", { cookie })).status).to.equal(200);
      expect((await supertest(site).post("/sign-out").set({ cookie, origin: site }).send({})).status).to.equal(204);
      expect((await get("/app/", { cookie })).status).to.equal(303);
    });
  });
});
