import { existsSync, readdirSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Where views, emails and sentences are looked for: an operator's folder, where there is one, before Foyer's own. */
export type ViewFolders = readonly URL[];

/** All files of one name, as in `pages/fault.hbs`, the one that wins first. */
export function findViews(folders: ViewFolders, name: string): URL[] {
  return folders.map((folder) => new URL(name, folder)).filter((file) => existsSync(file));
}

/** The file that wins. @throws Error where no folder has it. */
export function findView(folders: ViewFolders, name: string): URL {
  const [file] = findViews(folders, name);
  if (!file) throw new Error(`there is no view ${name}`);
  return file;
}

/** All files below a folder, by their names there. What begins with a dot is an editor's or the system's. */
export function listViews(folder: URL): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => `${relative(fileURLToPath(folder), parentPath)}/${name}`)
    .map((name) => name.replaceAll("\\", "/").replace(/^\//, ""))
    .filter((name) => !/(?:^|\/)\./.test(name))
    .toSorted();
}
