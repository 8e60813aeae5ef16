import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { gzipSync } from "node:zlib";
import type { RequestHandler } from "express";
import { STYLESHEET } from "../language/overrides.ts";
import { COMMON_PASSWORDS } from "../service/identity/password.ts";
import { type Colors, colorStyle } from "./color-style.ts";

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

/** Foyer's own images have the accent of light pages, on which they stand out in dark ones too. */
const ACCENT = "#3a4ed5";

function readOwn(folder: URL, name: string, { light }: Colors): Buffer {
  const content = readFileSync(new URL(name, folder));
  return extname(name) === ".svg" ? Buffer.from(content.toString("utf8").replaceAll(ACCENT, light.accent)) : content;
}

function read({ folder, stylesheet, colors, logo }: AssetSettings): [name: string, content: Buffer][] {
  const own = readdirSync(folder)
    .toSorted()
    .map((name): [string, Buffer] => [name, readOwn(folder, name, colors)]);
  return [
    ...own.filter(([name]) => name !== STYLESHEET),
    // An operator's own stylesheet may begin with Foyer's: @import "base.css".
    ["base.css", readFileSync(new URL(STYLESHEET, folder))],
    [STYLESHEET, readFileSync(stylesheet ?? new URL(STYLESHEET, folder))],
    ["colors.css", Buffer.from(colorStyle(colors))],
    ...(logo ? [[`logo.${logo.type}`, logo.content] satisfies [string, Buffer]] : []),
    ["pico.css", ofPackage("@picocss/pico", "css/pico.classless.min.css")],
    ["zxcvbn.js", ofPackage("@zxcvbn-ts/core", "dist/zxcvbn-ts.js")],
    ["common-passwords.json", Buffer.from(JSON.stringify([...COMMON_PASSWORDS]))],
  ];
}

export type AssetSettings = {
  /** Foyer's own files. */
  folder: URL;
  /** The operator's, in the place of Foyer's. */
  stylesheet: URL | undefined;
  colors: Colors;
  logo: { type: "svg" | "png"; content: Buffer } | undefined;
};

/** The icon of pages, by its name among the assets. */
export function logoName(logo: AssetSettings["logo"]): string {
  return logo ? `logo.${logo.type}` : "foyer.svg";
}

/**
 * An image that is opened by itself is a document of our origin: it may run nothing, and load nothing.
 */
const OF_IMAGES = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/**
 * Loads all files that pages load. Each is compressed once, when it is first asked for: brotli would save a tenth more,
 * once a client. The digest of all is the folder they are in, so that scripts find each other by relative names, in their
 * own version.
 */
export function loadAssets(settings: AssetSettings): Assets {
  const files = read(settings);
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
    if (asset.type === ".svg") res.set("Content-Security-Policy", OF_IMAGES);
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
