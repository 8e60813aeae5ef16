import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { PGlite } from "@electric-sql/pglite";
import { createPgConfig } from "@electric-sql/pglite/node-postgres";
import { NodeFS } from "@electric-sql/pglite/nodefs";
import { tryLock } from "fs-native-extensions";
import { StartError } from "../config/start-error.ts";
import { makePrivate } from "./private-files.ts";
import type { Source } from "./source.ts";
import { types } from "./types.ts";

const POSTGRES_MAJOR = "18";

type Attributes = { mode?: number };

type Nodefs = {
  node_ops: {
    mknod(parent: object, name: string, mode: number, device: number): object;
    setattr(node: object, attributes: Attributes): void;
  };
  stream_ops: { setattr(stream: object, attributes: Attributes): void; fsync?: (stream: { nfd?: number }) => number };
};

function ownersOnly(mode: number) {
  return mode & ~0o077;
}

function withOwnersMode(attributes: Attributes): Attributes {
  return attributes.mode === undefined ? attributes : { ...attributes, mode: ownersOnly(attributes.mode) };
}

/** Syncs each commit, which PGlite does not, and creates files that only their owner can read. */
class SyncingNodeFS extends NodeFS {
  override async init(...given: Parameters<NodeFS["init"]>) {
    const result = await super.init(...given);
    result.emscriptenOpts.preRun?.unshift((module) => {
      const nodefs: Nodefs = module.NODEFS;
      const { mknod, setattr } = nodefs.node_ops;
      const { setattr: setattrOpen } = nodefs.stream_ops;
      nodefs.node_ops.mknod = (parent, name, mode, device) => mknod(parent, name, ownersOnly(mode), device);
      nodefs.node_ops.setattr = (node, attributes) => setattr(node, withOwnersMode(attributes));
      nodefs.stream_ops.setattr = (stream, attributes) => setattrOpen(stream, withOwnersMode(attributes));
      nodefs.stream_ops.fsync = ({ nfd }) => {
        if (nfd !== undefined) fsyncSync(nfd);
        return 0;
      };
    });
    return result;
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error;
}

/** mkdir's `recursive` never returns below /proc (Node 20). */
function makeFolder(path: string) {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

/** Two processes on one folder would lose each other's rows. The kernel releases this lock when its holder dies. */
function lockFolder(dataDir: string): number {
  try {
    makeFolder(dataDir);
    const file = openSync(join(dataDir, "foyer.lock"), "a+", 0o600);
    if (tryLock(file)) return file;
    closeSync(file);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new StartError(
      `DATA_DIR: cannot write to ${dataDir} (${error.code}); choose a folder this user may write to`,
    );
  }
  throw new StartError(
    `DATA_DIR: ${dataDir} is in use by another Foyer; stop it, or give this one a folder of its own`,
  );
}

function checkVersion(cluster: string) {
  const file = join(cluster, "PG_VERSION");
  if (!existsSync(file)) return;
  const version = readFileSync(file, "utf8").trim();
  if (version !== POSTGRES_MAJOR) {
    throw new StartError(
      `DATA_DIR: ${cluster} was written by PostgreSQL ${version}, this Foyer embeds ${POSTGRES_MAJOR}; ` +
        "dump it with the Foyer that wrote it",
    );
  }
}

/** It has one session, so one connection. */
function optionsOf(pglite: PGlite): Pick<Source, "options" | "migrating"> {
  const options = {
    client: "pg",
    connection: () => ({ ...createPgConfig(pglite), types }),
    pool: { min: 0, max: 1 },
    compileSqlOnError: false,
  };
  return { options, migrating: options };
}

/** Made once for the package, because creating one takes seconds. */
const TEMPLATE = new URL("../../memory.tar.gz", import.meta.url);

/** Opens an embedded PostgreSQL that is gone with the process, for an app's tests. */
export async function openInMemory(): Promise<Source & { dump(): Promise<Blob> }> {
  // Unpacked here, in a fifth of the time that PGlite's own stream takes.
  const loadDataDir = existsSync(TEMPLATE) ? new Blob([gunzipSync(readFileSync(TEMPLATE))]) : undefined;
  const pglite = await PGlite.create(loadDataDir ? { loadDataDir } : {});
  return {
    ...optionsOf(pglite),
    renew: () => {},
    description: "embedded PostgreSQL in memory",
    setting: "memory",
    warnings: [],
    dump: () => pglite.dumpDataDir("gzip"),
    close: () => pglite.close(),
  };
}

/** Opens or creates the embedded PostgreSQL, which has one session. @throws StartError if its folder cannot be used. */
export async function openEmbedded(dataDir: string): Promise<Source> {
  const lock = lockFolder(dataDir);
  const cluster = join(dataDir, "pgdata");
  checkVersion(cluster);
  makeFolder(cluster);
  const warnings = makePrivate(dataDir);
  const settings = ["fsync=on", "wal_sync_method=fsync", "shared_buffers=16MB"];
  const opening = PGlite.create({
    fs: new SyncingNodeFS(cluster),
    startParams: [
      ...PGlite.defaultStartParams.filter((parameter) => parameter !== "-F"),
      ...settings.flatMap((setting) => ["-c", setting]),
    ],
  });
  const pglite = await opening.catch((error: Error) => {
    throw new StartError(
      `DATA_DIR: cannot open the database in ${cluster} (${error.message || error.name}); ` +
        "check its owner and the free disk",
    );
  });
  return {
    ...optionsOf(pglite),
    renew: () => {},
    description: `embedded PostgreSQL in ${dataDir}`,
    setting: "DATA_DIR",
    warnings,
    close: async () => {
      await pglite.close();
      closeSync(lock);
    },
  };
}
