import { fileURLToPath } from "node:url";
import express, { Router } from "express";
import { COMMON_PASSWORDS } from "../service/password.ts";

const OPTIONS = { maxAge: "1h", index: false };

function fileOf(packageName: string, path: string) {
  return fileURLToPath(new URL(path, import.meta.resolve(`${packageName}/package.json`)));
}

/**
 * What pages load, all from here and nothing from elsewhere: our own few files, and those of the packages that they use.
 * @param folder where our own are.
 */
export function assets(folder: URL): Router {
  const router = Router();
  router.get("/common-passwords.json", (_req, res) => {
    res.set("Cache-Control", "public, max-age=3600").json([...COMMON_PASSWORDS]);
  });
  router.use("/pico.css", express.static(fileOf("@picocss/pico", "css/pico.classless.min.css"), OPTIONS));
  router.use("/zxcvbn.js", express.static(fileOf("@zxcvbn-ts/core", "dist/zxcvbn-ts.js"), OPTIONS));
  router.use("/swagger-ui.css", express.static(fileOf("swagger-ui-dist", "swagger-ui.css"), OPTIONS));
  router.use("/swagger-ui.js", express.static(fileOf("swagger-ui-dist", "swagger-ui-bundle.js"), OPTIONS));
  router.use(express.static(fileURLToPath(folder), OPTIONS));
  return router;
}
