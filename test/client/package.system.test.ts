import { readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { build } from "esbuild";
import { CLIENT, ROOT } from "../support/consumer.ts";

const files = () =>
  readdirSync(CLIENT, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(CLIENT, name)).isFile());

/** The packages and files that a text imports, also by `import("…")`. */
function importsOf(text: string) {
  return Array.from(text.matchAll(/(?:from |import\()"([^"]+)"/g), ([, specifier = ""]) => specifier);
}

describe("the client's package", () => {
  it("needs tRPC's client and what that needs, and brings nothing", () => {
    const description = JSON.parse(readFileSync(join(CLIENT, "package.json"), "utf8"));
    const { version } = createRequire(import.meta.url)(join(ROOT, "package.json"));
    expect(description).to.deep.include({ name: "foyer-client", version });
    expect(description).not.to.have.any.keys("dependencies", "optionalDependencies", "scripts");
    expect(description.peerDependencies).to.deep.equal({ "@trpc/client": "^11", "@trpc/server": "^11" });
    // For types alone: `@trpc/client` has it as its own peer.
    expect(description.peerDependenciesMeta).to.deep.equal({ "@trpc/server": { optional: true } });
  });

  it("imports nothing of the server, Node, knex or Express, in its types neither", () => {
    for (const name of files().filter((name) => /\.(js|d\.ts)$/.test(name))) {
      const text = readFileSync(join(CLIENT, name), "utf8");
      const packages = importsOf(text).filter((specifier) => !specifier.startsWith("."));
      const allowed = name.endsWith(".js") ? /^@trpc\/client$/ : /^@trpc\/(client|server|server\/rpc)$/;
      for (const specifier of packages) expect(specifier, name).to.match(allowed);
      expect(text, name).not.to.match(/reference types|\bNodeJS\b|\bBuffer\b/);
    }
    expect(files()).to.have.length.below(20);
  });

  it("has at most 50 kB, and 8 kB compressed in a bundle with tRPC's client", async () => {
    const unpacked = files().reduce((sum, name) => sum + statSync(join(CLIENT, name)).size, 0);
    expect(unpacked).to.be.below(50_000);
    const contents =
      'import { createFoyerClient, isFoyerError } from "./client.js"; export { createFoyerClient, isFoyerError };';
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: CLIENT },
      bundle: true,
      minify: true,
      format: "esm",
      write: false,
    });
    const [bundle] = outputFiles;
    expect(gzipSync(bundle?.contents ?? "", { level: 9 }).length).to.be.within(1000, 8000);
  });
});
