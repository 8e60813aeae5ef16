import { expect } from "chai";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

const NAMES = ["pico.css", "foyer.css", "passwords.js", "strength.js", "zxcvbn.js", "common-passwords.json"];

describe("GET /assets", () => {
  let foyer: TestFoyer;
  let folder: string;
  before(async () => {
    foyer = await startFoyer();
    const { text } = await foyer.http.get("/register");
    folder = /"(\/assets\/[0-9a-f]{16})\/foyer\.css"/.exec(text)?.[1] ?? expect.fail("no digest in the page");
  });
  after(() => foyer.stop());

  it("lets browsers keep for a year what pages name, with the digest of all", async () => {
    const pages = await Promise.all(
      ["/register", "/welcome", "/verified", "/docs"].map((path) => foyer.http.get(path)),
    );
    const named = new Set(pages.flatMap(({ text }) => text.match(/(?<=")\/assets\/[^"]+/g) ?? []));
    expect(named.size).to.be.above(4);
    for (const path of [...named, ...NAMES.map((name) => `${folder}/${name}`)]) {
      const { status, headers } = await foyer.http.get(path);
      expect([path, status, headers["cache-control"]]).to.deep.equal([
        path,
        200,
        "public, max-age=31536000, immutable",
      ]);
    }
  });

  it("gives no cookie along, which a cache would give to others", async () => {
    const asked = await foyer.http.get(`${folder}/foyer.css?lang=ar`).set("Accept", "text/html");
    expect([asked.status, asked.headers["set-cookie"]]).to.deep.equal([200, undefined]);
  });

  it("serves a page of another version, and has its browser ask again", async () => {
    for (const path of ["/assets/0123456789abcdef/foyer.css", "/assets/foyer.css"]) {
      const { status, headers, text } = await foyer.http.get(path);
      expect([status, headers["cache-control"], headers["content-type"]]).to.deep.equal([
        200,
        "no-cache",
        "text/css; charset=utf-8",
      ]);
      expect(text).to.equal((await foyer.http.get(`${folder}/foyer.css`)).text);
    }
  });

  it("compresses for whoever takes it, and says so to caches", async () => {
    for (const [accepted, encoding] of [
      ["gzip, deflate, br, zstd", "gzip"],
      ["identity", undefined],
      ["gzip;q=0", undefined],
      ["br", undefined],
    ] as const) {
      const { headers, text } = await foyer.http.get(`${folder}/foyer.css`).set("Accept-Encoding", accepted);
      expect([accepted, headers["content-encoding"], headers["vary"]]).to.deep.equal([
        accepted,
        encoding,
        "Accept-Encoding",
      ]);
      expect(text).to.include("--foyer-accent");
    }
  });

  it("answers 304 to whoever has it, by its encoding, and HEAD without a body", async () => {
    const ask = (encoding: string, etag: string) =>
      foyer.http.get("/assets/foyer.css").set("Accept-Encoding", encoding).set("If-None-Match", etag);
    const etag = (await ask("gzip", "")).headers["etag"] ?? "";
    expect((await ask("gzip", etag)).status).to.equal(304);
    expect((await ask("identity", etag)).status).to.equal(200);
    const head = await foyer.http.head("/assets/foyer.css").set("Accept-Encoding", "gzip");
    expect([head.status, head.headers["etag"], head.text]).to.deep.equal([200, etag, undefined]);
  });

  for (const path of ["", "nothing", "x/nothing", "..%2fpackage.json", "x/..%2f..%2fpackage.json", "a/b/foyer.css"]) {
    it(`answers 404 to /assets/${path}`, async () => {
      expect((await foyer.http.get(`/assets/${path}`)).status).to.equal(404);
    });
  }
});
