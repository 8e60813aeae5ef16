import { fileURLToPath } from "node:url";
import type { Express } from "express";
import { create } from "express-handlebars";

/** Makes `res.render` find the Handlebars views in a folder, each read once. */
export function useViews(app: Express, folder: URL): void {
  const path = (name: string) => fileURLToPath(new URL(name, folder));
  const handlebars = create({ extname: ".hbs", defaultLayout: "main", layoutsDir: path("layouts"), partialsDir: path("partials") });
  app.engine(".hbs", handlebars.engine);
  app.set("view engine", ".hbs");
  app.set("views", fileURLToPath(folder));
  app.enable("view cache");
}
