import { chmodSync, type Dirent, existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { StartError } from "../config/start-error.ts";

const OTHERS_RIGHTS = 0o077;
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

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

function holdsNothingElse(folder: string) {
  const ours = ["pgdata", "foyer.lock", "lost+found"];
  return readdirSync(folder).every((name) => ours.includes(name));
}

/** Whether people live in it: it is, or holds, the working directory or the user's home. */
function isLivedIn(folder: string) {
  const places = [process.cwd(), homedir()].filter((place) => existsSync(place));
  return places.some((place) => join(realpathSync(place), "/").startsWith(join(folder, "/")));
}

/**
 * Closes the folder that holds the database, if it is ours and holds nothing else, or if others may write to it: they
 * could put another database in its place. A sticky folder, as /tmp, or one that people live in is not ours to close.
 */
function closeFolder(dataDir: string): ReturnType<typeof close> | "shared" {
  const folder = realpathSync(dataDir);
  const { uid, mode } = statSync(folder);
  const isWritable = (mode & OTHERS_WRITE) !== 0;
  const isOurs = uid === process.geteuid?.() && (mode & STICKY) === 0;
  if (isOurs && (holdsNothingElse(folder) || (isWritable && !isLivedIn(folder)))) return close(folder);
  return isWritable ? "shared" : "was closed";
}

/**
 * Takes the rights of others away from the database's files, and from its folder where that is Foyer's to do.
 * @returns warnings for the operator: that they were open, or still are.
 * @throws StartError if the files belong to another user, so that Foyer cannot close them.
 */
export function makePrivate(dataDir: string): string[] {
  if (process.platform === "win32") return [];
  const cluster = join(dataDir, "pgdata");
  const done = [closeFolder(dataDir), ...[cluster, ...pathsBelow(cluster), join(dataDir, "foyer.lock")].map(close)];
  const warnings: string[] = [];
  if (done.includes("shared")) {
    warnings.push(
      `Others can write to ${dataDir}, and so may put another database in the place of Foyer's; ` +
        "set DATA_DIR to a folder of its own",
    );
  }
  if (done.includes("stays open")) {
    warnings.push(
      `Others can read ${cluster}, which holds password hashes: its file system has no modes; ` +
        "mount it so that only the user that Foyer runs as can read it",
    );
  } else if (done.includes("closed")) {
    warnings.push(`The database in ${dataDir} holds password hashes and was open to others; it is closed to them now`);
  }
  return warnings;
}
