import { fileURLToPath } from "node:url";
import type { Express } from "express";
import { createHandlebars } from "../language/handlebars.ts";

export function useViews(app: Express, folder: URL): void {
  const path = (name: string) => fileURLToPath(new URL(name, folder));
  const handlebars = createHandlebars({
    defaultLayout: "main",
    layoutsDir: path("layouts"),
    partialsDir: path("partials"),
  });
  app.engine(".hbs", handlebars.engine);
  app.set("view engine", ".hbs");
  app.set("views", fileURLToPath(folder));
  app.enable("view cache");
}
