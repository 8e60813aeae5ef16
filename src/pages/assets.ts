import { fileURLToPath } from "node:url";
import express, { Router } from "express";
import { COMMON_PASSWORDS } from "../service/identity/password.ts";

const OPTIONS = { maxAge: "1h", index: false };

function resolveFile(packageName: string, path: string) {
  return fileURLToPath(new URL(path, import.meta.resolve(`${packageName}/package.json`)));
}

/** Serves all files that pages load; none comes from another origin. @param folder of Foyer's own files. */
export function assets(folder: URL): Router {
  const router = Router();
  router.get("/common-passwords.json", (_req, res) => {
    res.set("Cache-Control", "public, max-age=3600").json([...COMMON_PASSWORDS]);
  });
  router.use("/pico.css", express.static(resolveFile("@picocss/pico", "css/pico.classless.min.css"), OPTIONS));
  router.use("/zxcvbn.js", express.static(resolveFile("@zxcvbn-ts/core", "dist/zxcvbn-ts.js"), OPTIONS));
  router.use("/swagger-ui.css", express.static(resolveFile("swagger-ui-dist", "swagger-ui.css"), OPTIONS));
  router.use("/swagger-ui.js", express.static(resolveFile("swagger-ui-dist", "swagger-ui-bundle.js"), OPTIONS));
  router.use(express.static(fileURLToPath(folder), OPTIONS));
  return router;
}
