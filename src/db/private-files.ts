import { chmodSync, type Dirent, lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { StartError } from "../config/start-error.ts";

const OTHERS_RIGHTS = 0o077;

function isOpen(path: string) {
  return (statSync(path).mode & OTHERS_RIGHTS) !== 0;
}

/** A file system without modes (FAT, some mounts) may accept a chmod and do nothing. */
function close(path: string): "was closed" | "closed" | "stays open" {
  if (!isOpen(path)) return "was closed";
  try {
    chmodSync(path, statSync(path).isDirectory() ? 0o700 : 0o600);
  } catch (error) {
    const owner = statSync(path).uid;
    if (owner === process.geteuid?.()) return "stays open";
    throw new StartError(
      `DATA_DIR: others can read ${path}, which holds password hashes, ` +
        `and only its owner (user ${owner}) could change that; give it to the user that Foyer runs as (chown -R), ` +
        "or choose another folder",
      { cause: error },
    );
  }
  return isOpen(path) ? "stays open" : "closed";
}

function* pathsBelow(folder: string): Generator<string> {
  const entries: Dirent[] = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) continue;
    yield path;
    if (entry.isDirectory()) yield* pathsBelow(path);
  }
}

function isForFoyerAlone(dataDir: string) {
  const { uid } = lstatSync(join(dataDir, "."));
  const ours = ["pgdata", "foyer.lock", "lost+found"];
  return uid === process.geteuid?.() && readdirSync(dataDir).every((name) => ours.includes(name));
}

/** Closes the files, and a folder for them alone, to others. @returns warnings. @throws StartError if it may not. */
export function makePrivate(dataDir: string): string[] {
  if (process.platform === "win32") return [];
  const cluster = join(dataDir, "pgdata");
  const paths = [
    ...(isForFoyerAlone(dataDir) ? [dataDir] : []),
    cluster,
    ...pathsBelow(cluster),
    join(dataDir, "foyer.lock"),
  ];
  const done = paths.map(close);
  if (done.includes("stays open")) {
    return [
      `Others can read ${cluster}, which holds password hashes: its file system has no modes; ` +
        "mount it so that only the user that Foyer runs as can read it",
    ];
  }
  return done.includes("closed")
    ? [`The database in ${dataDir} holds password hashes and was open to others; it is closed to them now`]
    : [];
}
