import { fileURLToPath } from "node:url";
import type { Express } from "express";
import { createHandlebars } from "../language/handlebars.ts";
import { findView, findViews, type ViewFolders } from "../language/views.ts";

/** What Handlebars gives a helper, as far as it is read here. */
type Context = { data: { root: { base: string; returnTo?: string } } };

/** Adds to a link where somebody goes on to in the end. */
export function withReturnTo(path: string, returnTo: unknown): string {
  if (typeof returnTo !== "string") return path;
  return `${path}${path.includes("?") ? "&" : "?"}${new URLSearchParams({ return_to: returnTo })}`;
}

/** `{{path "/register"}}`: where a page of Foyer's is on its origin. The way back comes along. */
function path(to: string, { data }: Context): string {
  return withReturnTo(data.root.base + to, data.root.returnTo);
}

/** @param asset returns the path of a file that a page loads; views say `{{asset "foyer.css"}}`. */
export function useViews(app: Express, folders: ViewFolders, asset: (name: string) => string): void {
  const partials = findViews(folders, "partials/").map((folder) => fileURLToPath(folder));
  const handlebars = createHandlebars(
    {
      defaultLayout: fileURLToPath(findView(folders, "layouts/main.hbs")),
      // Of two with one name, the last wins.
      partialsDir: partials.toReversed(),
    },
    {
      path,
      asset: (name: string, { data }: Context) => data.root.base + asset(name),
      json: (value: unknown) => JSON.stringify(value, undefined, 2),
    },
  );
  app.engine(".hbs", handlebars.engine);
  app.set("view engine", ".hbs");
  app.set(
    "views",
    folders.map((folder) => fileURLToPath(folder)),
  );
  app.enable("view cache");
}
