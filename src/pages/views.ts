import { fileURLToPath } from "node:url";
import type { Express } from "express";
import { createHandlebars } from "../language/handlebars.ts";

/** @param asset returns the path of a file that a page loads; views say `{{asset "foyer.css"}}`. */
export function useViews(app: Express, folder: URL, asset: (name: string) => string): void {
  const path = (name: string) => fileURLToPath(new URL(name, folder));
  const handlebars = createHandlebars({
    defaultLayout: "main",
    layoutsDir: path("layouts"),
    partialsDir: path("partials"),
    helpers: { asset, json: (value: unknown) => JSON.stringify(value, undefined, 2) },
  });
  app.engine(".hbs", handlebars.engine);
  app.set("view engine", ".hbs");
  app.set("views", fileURLToPath(folder));
  app.enable("view cache");
}
