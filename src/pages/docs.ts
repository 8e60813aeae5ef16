import type { RequestHandler } from "express";
import { languageOf } from "../http/language.ts";

/** What this page shows of an OpenAPI document: its view reads the operations, their schemas and answers. */
export type ApiDocument = { paths?: object };

/** GET /docs: the OpenAPI document, for people to read. */
export function showDocs({ paths }: ApiDocument): RequestHandler {
  return (_req, res) => {
    res.render("pages/docs", { title: languageOf(res).text("docs.title"), paths });
  };
}
