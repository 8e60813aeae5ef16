import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { type FoyerClient, isFoyerError } from "../../src/client.ts";
import { newSignedIn } from "../support/account.ts";
import { CLIENT } from "../support/consumer.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { example } from "../support/readme.ts";

/** Enough for the test's own, which come from another address than the visitors'. */
const COUNT = 12;

type Example = {
  accountOf(request: IncomingMessage): Promise<{ email: string } | null>;
  foyerOf(request: IncomingMessage): FoyerClient;
};

describe("a server that renders pages, by README's example", () => {
  let folder: string;
  let foyer: TestFoyer;
  let server: Server;

  /** Starts the server, for a Foyer that answers COUNT requests of each network, and trusts the server or does not. */
  async function start(trustProxy: false | "loopback") {
    foyer = await startFoyer({ trustProxy, requestLimit: { count: COUNT, seconds: 600 } });
    folder = await mkdtemp(join(tmpdir(), "foyer-ssr-"));
    await mkdir(join(folder, "node_modules"));
    await symlink(CLIENT, join(folder, "node_modules/foyer-client"));
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
    await writeFile(join(folder, "server.ts"), example("server.ts", foyer.url));
    const { accountOf, foyerOf }: Example = await import(pathToFileURL(join(folder, "server.ts")).href);
    server = createServer(async (request, response) => {
      const account = await accountOf(request);
      const sessions = await foyerOf(request)
        .auth.sessions.query()
        .then(
          ({ length }) => `${length} session`,
          (error: unknown) => (isFoyerError(error) ? error.data?.refusal?.code : String(error)),
        );
      response.end(`${account?.email ?? "stranger"}: ${sessions}`);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  afterEach(async () => {
    server.close();
    await foyer.stop();
    await rm(folder, { recursive: true });
  });

  /** What a visitor's browser gets, by way of a proxy of the server's own. */
  async function visit(address: string, cookie = "") {
    const { port } = server.address() as AddressInfo;
    const headers = { "x-forwarded-for": address, cookie };
    return (await fetch(`http://127.0.0.1:${port}/`, { headers })).text();
  }

  it("knows its visitor by the cookie, and Foyer's limits count the visitor", async () => {
    await start("loopback");
    const { email, cookie } = await newSignedIn(foyer);
    for (let n = 0; n < COUNT; n += 1)
      expect(await visit("192.0.2.1", `theme=dark; ${cookie}`)).to.equal(`${email}: 1 session`);
    // Who is signed in may be read all the same.
    expect(await visit("192.0.2.1", cookie)).to.equal(`${email}: rate_limited`);
    // What a visitor claims stands before the address that the proxy saw, and counts for nothing.
    expect(await visit("198.51.100.9, 192.0.2.1", cookie)).to.equal(`${email}: rate_limited`);
    expect(await visit("192.0.2.2", cookie)).to.equal(`${email}: 1 session`);
  });

  it("is one with all its visitors where Foyer's TRUST_PROXY does not name it", async () => {
    await start(false);
    for (let n = 0; n < COUNT; n += 1) expect(await visit(`192.0.2.${n}`)).to.equal("stranger: not_signed_in");
    expect(await visit("192.0.2.99")).to.equal("stranger: rate_limited");
  });
});
