import type { RequestHandler } from "express";
import { languageOf } from "../http/language.ts";

export const showDocs: RequestHandler = (_req, res) => {
  res.render("pages/docs", { layout: "docs", title: languageOf(res).text("docs.title") });
};
