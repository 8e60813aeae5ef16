import { chmodSync, type Dirent, lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { StartError } from "../start-error.ts";

/** All but the owner's rights. */
const OTHERS = 0o077;

function isOpen(path: string) {
  return (statSync(path).mode & OTHERS) !== 0;
}

/** Whether it had to be closed, and whether that did anything: a file system without modes, as FAT and some mounts are, may say yes and do nothing. */
function close(path: string): "was closed" | "closed" | "stays open" {
  if (!isOpen(path)) return "was closed";
  try {
    chmodSync(path, statSync(path).isDirectory() ? 0o700 : 0o600);
  } catch (error) {
    const owner = statSync(path).uid;
    if (owner === process.geteuid?.()) return "stays open";
    throw new StartError(
      `DATA_DIR: others can read ${path}, which holds password hashes, and only its owner (user ${owner}) could change that; ` +
        `give it to the user that Foyer runs as (chown -R), or choose another folder`,
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

/** A folder that holds other things too, such as one's home, is not ours to close. */
function isForFoyerAlone(dataDir: string) {
  const { uid } = lstatSync(join(dataDir, "."));
  const ours = ["pgdata", "foyer.lock", "lost+found"];
  return uid === process.geteuid?.() && readdirSync(dataDir).every((name) => ours.includes(name));
}

/**
 * Closes the embedded database's folder and all its files to everyone but their owner, and the folder around it where that holds nothing else.
 * @returns what the operator should know: that they were open, or that they still are.
 * @throws StartError where they are somebody else's, so that others can read them and Foyer cannot change that.
 */
export function makePrivate(dataDir: string): string[] {
  // Windows keeps rights by user, inherited from the folder, and shows no modes.
  if (process.platform === "win32") return [];
  const cluster = join(dataDir, "pgdata");
  const paths = [...(isForFoyerAlone(dataDir) ? [dataDir] : []), cluster, ...pathsBelow(cluster), join(dataDir, "foyer.lock")];
  const done = paths.map(close);
  if (done.includes("stays open")) {
    return [
      `Others can read ${cluster}, which holds password hashes: its file system knows no modes; mount it for the user that Foyer runs as alone`,
    ];
  }
  return done.includes("closed")
    ? [`The database in ${dataDir} was open to others, and it holds password hashes: it is closed to them now`]
    : [];
}
