import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { gzipSync } from "node:zlib";
import type { RequestHandler } from "express";
import { COMMON_PASSWORDS } from "../service/identity/password.ts";

type Asset = { type: string; plain: Buffer; gzip?: Buffer };

export type Assets = {
  /** Serves them below the path where it is mounted, `/assets`. */
  serve: RequestHandler;
  /** Returns the path under which a page loads a file, below that of all pages. @throws if there is none of that name. */
  pathOf(name: string): string;
};

const DIGEST_LENGTH = 16;
const PATH = /^\/(?:(?<version>\w+)\/)?(?<name>[\w.-]+)$/;
const FOREVER = "public, max-age=31536000, immutable";

function ofPackage(packageName: string, path: string) {
  return readFileSync(new URL(path, import.meta.resolve(`${packageName}/package.json`)));
}

function read(folder: URL): [name: string, content: Buffer][] {
  return [
    ...readdirSync(folder)
      .toSorted()
      .map((name): [string, Buffer] => [name, readFileSync(new URL(name, folder))]),
    ["pico.css", ofPackage("@picocss/pico", "css/pico.classless.min.css")],
    ["zxcvbn.js", ofPackage("@zxcvbn-ts/core", "dist/zxcvbn-ts.js")],
    ["common-passwords.json", Buffer.from(JSON.stringify([...COMMON_PASSWORDS]))],
  ];
}

/**
 * Loads all files that pages load. Each is compressed once, when it is first asked for: brotli would save a tenth more,
 * once a client. The digest of all is the folder they are in, so that scripts find each other by relative names, in their
 * own version. @param folder of Foyer's own files.
 */
export function loadAssets(folder: URL): Assets {
  const files = read(folder);
  const assets = new Map<string, Asset>(files.map(([name, plain]) => [name, { type: extname(name), plain }]));
  const hash = createHash("sha256");
  for (const [name, content] of files) hash.update(`${name} ${content.length} `).update(content);
  const digest = hash.digest("hex").slice(0, DIGEST_LENGTH);

  const serve: RequestHandler = (req, res, next) => {
    const { version, name = "" } = PATH.exec(req.path)?.groups ?? {};
    const asset = assets.get(name);
    if (!asset || !(req.method === "GET" || req.method === "HEAD")) return next();
    const encoding = req.acceptsEncodings("gzip", "identity") === "gzip" ? "gzip" : "plain";
    if (encoding === "gzip") res.set("Content-Encoding", encoding);
    // While instances of two versions serve, a page of one may load its files from the other. It must not keep those.
    const caching = version === digest ? FOREVER : "no-cache";
    res.set({ "Cache-Control": caching, Vary: "Accept-Encoding", ETag: `"${digest}-${encoding}"` });
    if (encoding === "gzip") asset.gzip ??= gzipSync(asset.plain, { level: 9 });
    res.type(asset.type).send(asset[encoding]);
  };
  return {
    serve,
    pathOf(name) {
      if (!assets.has(name)) throw new Error(`There is no asset ${name}`);
      return `/assets/${digest}/${name}`;
    },
  };
}
