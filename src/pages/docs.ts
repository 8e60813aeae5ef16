import type { RequestHandler } from "express";

/** GET /docs: the OpenAPI document, to read and to try. */
export const docs: RequestHandler = (_req, res) => {
  res.render("pages/docs", { layout: "docs", title: "JSON interface" });
};
